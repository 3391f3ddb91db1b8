//===- Families.h - What each model family's config.json says ---*- C++ -*-===//
//
// One file a kind of config.json: its fields, what of them is refused, and the
// names of its tensors. Families that differ in little are in one file, each
// with a function of its own. kFamilies in ModelConfig.cpp lists them.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H
#define EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H

#include "ConfigFields.h"

namespace edgellm {

/// Fill everything but architecture and modelType, and check what concerns the
/// family alone. checkShape() and readTokens() follow.
void readLlama(ConfigFields &fields, ModelConfig &config);
void readMistral(ConfigFields &fields, ModelConfig &config);
void readQwen2(ConfigFields &fields, ModelConfig &config);
void readQwen3(ConfigFields &fields, ModelConfig &config);
void readGPT2(ConfigFields &fields, ModelConfig &config);
void readChatGLM(ConfigFields &fields, ModelConfig &config);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H
