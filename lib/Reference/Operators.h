//===- Operators.h - Operators other than products with weights -*- C++ -*-===//
//
// The semantics are those of EdgeLLMOps.td, in binary32. Matrices have one row
// a token; `sequences` says which rows are one text.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_REFERENCE_OPERATORS_H
#define EDGELLM_LIB_REFERENCE_OPERATORS_H

#include "EdgeLLM/Reference/Interpreter.h"
#include "EdgeLLM/Weights/RotaryTable.h"

#include <functional>

namespace edgellm::reference {

/// Rows [first, first + tokens) of a matrix are one sequence.
struct RowRange {
  int64_t first, tokens;
};

/// Calls body(rows) for every part of [0, rows) that one thread works on.
void forRowBlocks(int64_t rows, unsigned threads,
                  const std::function<void(RowRange)> &body);

/// In place; every row is parts of weight.size() columns, each normalised on
/// its own.
void rmsNorm(Matrix &x, std::span<const float> weight, float epsilon,
             unsigned threads);
/// In place, with a weight and a bias of x.columns values.
void layerNorm(Matrix &x, std::span<const float> weight,
               std::span<const float> bias, float epsilon, unsigned threads);

struct Rotation {
  bool adjacent; ///< channels 2i and 2i + 1, else i and i + rotary / 2
  int64_t headSize;
  RotaryTable table;
};

/// In place; positions count from 0 in each sequence.
void rope(Matrix &x, const Rotation &rotation,
          std::span<const RowRange> sequences, unsigned threads);

/// Causal attention within each sequence; columns are heads of headSize.
struct AttentionInputs {
  const Matrix &query, &key, &value;
  int64_t headSize;
  float scale;
};
Matrix attention(const AttentionInputs &inputs,
                 std::span<const RowRange> sequences, unsigned threads);

void silu(Matrix &x, unsigned threads);
void gelu(Matrix &x, unsigned threads);
void add(Matrix &x, const Matrix &y, unsigned threads);
void multiply(Matrix &x, const Matrix &y, unsigned threads);
/// The same row to every row of x.
void addToRows(Matrix &x, std::span<const float> bias, unsigned threads);

/// The channel with the greatest value of each row, the first among equals.
std::vector<uint32_t> argmax(const Matrix &x);

} // namespace edgellm::reference

#endif // EDGELLM_LIB_REFERENCE_OPERATORS_H
