//===- SamplePass.h - A pass like those of the timing model -----*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_PERF_SAMPLEPASS_H
#define EDGELLM_TEST_UNIT_PERF_SAMPLEPASS_H

#include "EdgeLLM/Perf/Perf.h"

namespace edgellm::perf {

/// A pass of LLaMA2-7B's shape with `layers` blocks: units that work in order,
/// streams that run ahead, instructions that start before the one before has
/// written its results. The figures are plausible, no more.
model::PassTiming samplePass(unsigned layers = 2, uint32_t tokens = 1,
                             uint32_t past = 128,
                             const model::TimingOptions &options = {});

/// The sample with comparisons and speeds.
Study sampleStudy(unsigned layers = 2, uint32_t tokens = 1);

} // namespace edgellm::perf

#endif // EDGELLM_TEST_UNIT_PERF_SAMPLEPASS_H
