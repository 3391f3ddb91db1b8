//===- Calibration.h - Inputs of matrices on a text -------------*- C++ -*-===//
#ifndef EDGELLM_REFERENCE_CALIBRATION_H
#define EDGELLM_REFERENCE_CALIBRATION_H

#include "EdgeLLM/Reference/Interpreter.h"
#include "EdgeLLM/Weights/Compress.h"

#include <filesystem>

namespace edgellm {

/// How much of a calibration text is used.
struct CalibrationLength {
  int64_t tokens = 32768;       ///< the first so many of the text, at most
  int64_t sequenceTokens = 256; ///< of a sequence, at most, and the context
};

/// A text in the tokens of the checkpoint: every line is a paragraph, the
/// tokens of all are joined and cut into sequences; the last holds what is
/// left. Throws Error for a text that is empty or not UTF-8, a checkpoint
/// without tokenizer.model and lengths below 1.
TokenSequences readCalibrationText(const Checkpoint &checkpoint,
                                   const std::filesystem::path &text,
                                   const CalibrationLength &length = {});

/// Statistics of the inputs of the linear ops of one interpret(), for a hook.
class InputStatistics {
public:
  /// `threads` as in InterpreterOptions.
  explicit InputStatistics(unsigned threads = 0) : threads(threads) {}

  /// Valid until the next call, in the order of the model's channels, without
  /// the machine's padding. Ops with the same inputs, as queries, keys and
  /// values have, share one computation.
  const CalibrationStats &of(const LinearVisit &visit, bool wantsHessian);

private:
  unsigned threads;
  mlir::Value input; ///< whose statistics are kept
  CalibrationStats stats{};
};

/// The sum of the squared elements of x * weights^T, for some rows of `inputs`
/// evenly spread, at most `rows` of them; weights is [out, in].
double squaredOutputs(const Matrix &inputs, std::span<const float> weights,
                      int64_t rows, unsigned threads = 0);

} // namespace edgellm

#endif // EDGELLM_REFERENCE_CALIBRATION_H
