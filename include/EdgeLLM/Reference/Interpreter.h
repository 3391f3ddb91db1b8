//===- Interpreter.h - The edgellm dialect in float32 -----------*- C++ -*-===//
//
// What a model computes, in binary32 on the CPU: the measure for everything
// that weight formats, numerics and schedules of the machine may lose. A
// function runs op by op over all sequences at once, so that a weight is read
// once whatever the number of tokens, and memory holds the activations of the
// sequences and one matrix.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_REFERENCE_INTERPRETER_H
#define EDGELLM_REFERENCE_INTERPRETER_H

#include "EdgeLLM/Weights/Checkpoint.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace edgellm {

/// Row-major floats, for activations one row a token.
struct Matrix {
  Matrix() = default;
  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(size_t(rows * columns)) {}

  std::span<float> row(int64_t index) {
    return std::span(values).subspan(size_t(index * columns), size_t(columns));
  }
  std::span<const float> row(int64_t index) const {
    return std::span(values).subspan(size_t(index * columns), size_t(columns));
  }

  int64_t rows = 0, columns = 0;
  std::vector<float> values;
};

/// Token ids of texts that know nothing of each other.
using TokenSequences = std::vector<std::vector<uint32_t>>;

/// A linear op about to be computed.
struct LinearVisit {
  /// Its location, "model.layers.0.mlp.up_proj"; the tensor's name without it.
  std::string name;
  mlir::TypedAttr weight;
  /// The SSA value of the inputs: the same for ops that share them.
  mlir::Value input;
  /// [tokens, in], the rows of all sequences one after the other.
  const Matrix &inputs;
  /// [out, in]; what the hook leaves here is what the interpreter goes on with.
  std::span<float> weights;
};
using LinearHook = std::function<void(const LinearVisit &)>;

struct InterpreterOptions {
  /// Called for every linear op in the order of the function.
  LinearHook hook = {};
  /// Without results, what only they need is not computed, as the logits of
  /// calibration texts; the hook sees every linear op all the same.
  bool results = true;
  /// Threads to use, by default as many as there are cores. The results do not
  /// depend on it.
  unsigned threads = 0;
};

/// What a function returns: activations, or token ids of `argmax`. Rows are
/// those of all sequences one after the other, one a token, or one a sequence
/// after `last_token`.
using InterpreterResult = std::variant<Matrix, std::vector<uint32_t>>;

/// Runs a function of token ids and caches, with every cache empty at the start
/// of each sequence. Weights are those of the checkpoint, whatever the encoding
/// of their types, or literals; `checkpoint` may be null when all are literals.
/// Throws Error, naming op or tensor, for a sequence that is empty, longer than
/// the cache or has an id outside the vocabulary, for a weight that is missing,
/// misshapen or not finite, and for an op of another dialect.
std::vector<InterpreterResult> interpret(mlir::func::FuncOp function,
                                         const Checkpoint *checkpoint,
                                         const TokenSequences &sequences,
                                         const InterpreterOptions &options);

} // namespace edgellm

#endif // EDGELLM_REFERENCE_INTERPRETER_H
