//===- Extract.h - Parts of the weights as files ----------------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_INSPECT_EXTRACT_H
#define EDGELLM_TOOLS_EDGELLM_INSPECT_EXTRACT_H

#include "PackedModel.h"

namespace edgellm::inspect {

/// The tensor of that name. Throws Error, naming the nearest ones, when there
/// is none.
const TensorRecord &tensorNamed(const PackedModel &model,
                                const std::string &name);

/// Writes the bytes of a tensor in one port.
void writePort(const PackedModel &model, const TensorRecord &tensor,
               uint64_t port, const std::filesystem::path &file);

/// Writes the values that the machine multiplies with, as a NumPy file of
/// float32 [out, in] in the order of the checkpoint.
void writeDequantized(const PackedModel &model, const TensorRecord &tensor,
                      const std::filesystem::path &file);

} // namespace edgellm::inspect

#endif // EDGELLM_TOOLS_EDGELLM_INSPECT_EXTRACT_H
