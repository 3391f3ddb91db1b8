//===- RopeFields.h - Rotary embeddings in a config.json --------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_FAMILIES_ROPEFIELDS_H
#define EDGELLM_LIB_WEIGHTS_FAMILIES_ROPEFIELDS_H

#include "ConfigFields.h"

namespace edgellm {

/// Sets ropeTheta and ropeScaling from rope_theta and rope_scaling, as older
/// files have them, or from rope_parameters, where newer ones have both. The
/// context must be known: it is the original one of a stretched model that does
/// not say otherwise. Refuses tables that depend on the request.
void readRope(ConfigFields &fields, ModelConfig &config);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_FAMILIES_ROPEFIELDS_H
