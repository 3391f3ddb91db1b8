//===- TinyModel.h - A model of one matrix, as a package --------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_RUNTIME_TINYMODEL_H
#define EDGELLM_TEST_UNIT_RUNTIME_TINYMODEL_H

#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Package/Package.h"

#include <span>

namespace edgellm::testing {

/// The smallest model a session can run: the logits of a position are an FP16
/// matrix times the embedding of its token. Sizes are no multiples of 32, and a
/// pass takes few tokens, so that padding and chunks matter.
struct TinyModel {
  static constexpr uint32_t ports = 8; // of target "tiny"
  static constexpr uint32_t hidden = 40, vocabulary = 70;
  static constexpr uint32_t context = 20, maxTokens = 3;

  TinyModel();

  std::vector<uint16_t> embedding; // [vocabulary][hidden]
  std::vector<uint16_t> weights;   // [vocabulary][hidden]
  std::vector<uint16_t> positions; // [context][hidden], or none

  /// What the device must compute, bit for bit.
  std::vector<uint16_t> logits(uint32_t id) const;
  std::vector<uint16_t> logits(std::span<const uint16_t> input) const;
  uint32_t next(uint32_t id) const;

  Program program() const;
  Manifest manifest() const;
  /// Writes the package; `program` and `manifest` may differ from the above.
  void write(const std::filesystem::path &path, const Program &program,
             const Manifest &manifest) const;
  void write(const std::filesystem::path &path) const {
    write(path, program(), manifest());
  }

private:
  std::vector<uint16_t> portImage(uint32_t port) const;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_RUNTIME_TINYMODEL_H
