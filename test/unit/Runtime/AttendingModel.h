//===- AttendingModel.h - A tiny model with a memory ------------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_RUNTIME_ATTENDINGMODEL_H
#define EDGELLM_TEST_UNIT_RUNTIME_ATTENDINGMODEL_H

#include "TinyModel.h"

namespace edgellm::testing {

/// TinyModel with one head of attention before its matrix, so that the logits
/// of a position depend on all tokens before it. Keys and values are made with
/// the same matrix. Expectations come from other sessions.
struct AttendingModel : TinyModel {
  uint32_t sequences = 1;

  Program program() const;
  using TinyModel::write;
  void write(const std::filesystem::path &path) const {
    write(path, program(), manifest());
  }
  /// Bytes of keys and values of a token.
  static constexpr uint64_t bytesPerToken = 2 * 2 * 64;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_RUNTIME_ATTENDINGMODEL_H
