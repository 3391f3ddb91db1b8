//===- PackedModel.h - A package with its program decoded -------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_INSPECT_PACKEDMODEL_H
#define EDGELLM_TOOLS_EDGELLM_INSPECT_PACKEDMODEL_H

#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Package/Package.h"

namespace edgellm::inspect {

struct PackedModel {
  explicit PackedModel(const std::filesystem::path &directory)
      : package(directory),
        program(
            parseProgram(package.map(manifest().program).bytes(),
                         (package.directory() / manifest().program).string())) {
  }

  const Manifest &manifest() const { return package.manifest(); }

  Package package;
  Program program;
};

} // namespace edgellm::inspect

#endif // EDGELLM_TOOLS_EDGELLM_INSPECT_PACKEDMODEL_H
