//===- Families.h - What each model family's config.json says ---*- C++ -*-===//
//
// One file a family: the fields of its config.json, what of them is refused,
// and the names of its tensors. kFamilies in ModelConfig.cpp lists them.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H
#define EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H

#include "ConfigFields.h"

namespace edgellm {

/// Fill everything but architecture and modelType, and check what concerns the
/// family alone. checkShape() and readTokens() follow.
void readLlama(ConfigFields &fields, ModelConfig &config);
void readChatGLM(ConfigFields &fields, ModelConfig &config);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_FAMILIES_FAMILIES_H
