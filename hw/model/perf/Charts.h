//===- Charts.h - The pictures of the report --------------------*- C++ -*-===//
//
// Each returns an SVG element, or nothing when the study has nothing to show.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_PERF_CHARTS_H
#define EDGELLM_PERF_CHARTS_H

#include "Analysis.h"

namespace edgellm::perf {

/// Attainable multiply-accumulates a second over those a byte from HBM, with a
/// dot for each group of steps that computes on a stream.
std::string rooflineChart(const Study &study);

/// Speed over cached tokens.
std::string speedChart(const Study &study);

/// What each unit does during one layer in the middle of the pass, or during
/// the whole pass when its steps name no layer.
std::string timelineChart(const Study &study);

/// The layer that timelineChart shows.
std::optional<uint64_t> timelineLayer(const model::PassTiming &pass);

} // namespace edgellm::perf

#endif // EDGELLM_PERF_CHARTS_H
