//===- MemoryMap.h - Who owns which memory ----------------------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_INSPECT_MEMORYMAP_H
#define EDGELLM_TOOLS_EDGELLM_INSPECT_MEMORYMAP_H

#include "PackedModel.h"

namespace edgellm::inspect {

/// Draws what every HBM port and the ddr buffer hold, from the tensors and from
/// the operands of all instructions.
std::string memoryMap(const PackedModel &model);

} // namespace edgellm::inspect

#endif // EDGELLM_TOOLS_EDGELLM_INSPECT_MEMORYMAP_H
