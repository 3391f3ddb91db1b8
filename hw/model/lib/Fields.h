//===- Fields.h - Numbering of instruction fields ---------------*- C++ -*-===//
#ifndef EDGELLM_MODEL_LIB_FIELDS_H
#define EDGELLM_MODEL_LIB_FIELDS_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm::model {

/// The code from `packet` on, as much as an instruction may take; empty past
/// the end.
std::vector<uint64_t> instructionWords(std::span<const std::byte> program,
                                       uint64_t packet);

/// Names of the fields of the instruction at `packet`, in the order of the
/// instruction table; empty when it does not decode.
std::vector<std::string> fieldNames(std::span<const std::byte> program,
                                    uint64_t packet);

/// Position of a field counted from 1; 0 when the name is empty or unknown.
uint32_t fieldPosition(std::span<const std::byte> program, uint64_t packet,
                       std::string_view field);

} // namespace edgellm::model

#endif // EDGELLM_MODEL_LIB_FIELDS_H
