//===- Calibration.h - The timing model beside the paper --------*- C++ -*-===//
#ifndef EDGELLM_MODEL_BENCH_CALIBRATION_H
#define EDGELLM_MODEL_BENCH_CALIBRATION_H

#include "EdgeLLM/Model/Timing.h"
#include "TimedPrograms.h"

namespace edgellm::bench {

/// The machine of the paper: none of the techniques.
inline constexpr model::TimingOptions kPapersMachine{false, false, false, false,
                                                     false};

/// One dense INT4 product of one vector, as the paper counts: ideal is four
/// bits a weight at the full rate of all ports.
struct ProductTiming {
  double idealMicroseconds, microseconds;
  double utilization() const { return idealMicroseconds / microseconds; }
};

inline ProductTiming timeProduct(const Target &target, int64_t inputs,
                                 int64_t outputs) {
  Program program = productProgram(target, inputs, outputs);
  model::PassTiming pass = model::timePass(program, program.entries[0], target,
                                           1, 0, kPapersMachine);
  const model::StepTiming &step = pass.steps[1];
  double bytes = double(inputs) * double(outputs) / 2;
  return {bytes / target.hbm.streamBandwidth(target.clocks.hbmMHz) * 1e6,
          (step.end - step.start) / target.clocks.coreMHz};
}

/// Measured by the paper on the VCU128: a 4096 x 4096 product.
inline constexpr double kPapersProductMicroseconds = 38.5;
/// And the average utilisation of all products.
inline constexpr double kPapersUtilization = 0.75;

struct NamedMatrix {
  const char *name;
  int64_t inputs, outputs;
};
/// The matrices of ChatGLM2-6B.
inline constexpr NamedMatrix kChatGlm2Matrices[] = {
    {"q_proj, o_proj", 4096, 4096},
    {"k_proj, v_proj", 4096, 256},
    {"gate_proj, up_proj", 4096, 13696},
    {"down_proj", 13696, 4096},
    {"lm_head", 4096, 65024}};

} // namespace edgellm::bench

#endif // EDGELLM_MODEL_BENCH_CALIBRATION_H
