//===- Study.h - A pass of a package, timed ---------------------*- C++ -*-===//
#ifndef EDGELLM_PERF_STUDY_H
#define EDGELLM_PERF_STUDY_H

#include "EdgeLLM/Package/Package.h"
#include "EdgeLLM/Perf/Perf.h"
#include "EdgeLLM/Support/Options.h"

#include <array>

namespace edgellm::perf {

/// What a user says about the pass; what is not given has a default.
struct PassArguments {
  std::optional<uint64_t> tokens, past;
  std::optional<std::string> entry, target;
  bool compare = false, unpipelined = false;
  /// By the order of techniques().
  std::array<bool, 8> off{};
};

/// The options that set them: names, ranges and help.
std::vector<Option> passOptions(PassArguments &arguments);

/// Times the pass; reads the program of the package and no weights. With
/// `report` the study also has what only a report shows: comparisons and
/// speeds. Throws Error.
Study studyPackage(const Package &package, const PassArguments &arguments,
                   bool report = false);

} // namespace edgellm::perf

#endif // EDGELLM_PERF_STUDY_H
