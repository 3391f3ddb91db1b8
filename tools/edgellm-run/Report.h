//===- Report.h - What edgellm-run says about a run -------------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_RUN_REPORT_H
#define EDGELLM_TOOLS_EDGELLM_RUN_REPORT_H

#include "EdgeLLM/Runtime/Generator.h"

#include <optional>
#include <string>

namespace edgellm {

/// Everything a finished run is reported from.
struct RunReport {
  const Session &session;
  const GenerationRequest &request;
  const Generation &generation;
  /// Of the new tokens; nothing when the package has no tokenizer.
  std::optional<std::string> text;
  double loadSeconds;
  /// In the cache before the prompt.
  uint64_t loadedPositions;
  /// Fewer tokens than usual were asked for because the context is full.
  bool contextFull;
};

/// One JSON object on one line.
std::string jsonReport(const RunReport &report);

/// A few lines for a person.
std::string summary(const RunReport &report);

} // namespace edgellm

#endif // EDGELLM_TOOLS_EDGELLM_RUN_REPORT_H
