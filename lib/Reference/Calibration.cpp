//===- Calibration.cpp - Inputs of matrices on a text ---------------------===//
#include "EdgeLLM/Reference/Calibration.h"

#include "EdgeLLM/Runtime/EncodedText.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "Kernels.h"

#include <algorithm>
#include <thread>

using namespace edgellm;
namespace ref = edgellm::reference;

static EncodedText encode(const Checkpoint &checkpoint,
                          const std::filesystem::path &file) {
  std::optional<Tokenizer> tokenizer = loadTokenizer(checkpoint);
  if (!tokenizer)
    fail(checkpoint.path().string(),
         ": holds no tokenizer to read a calibration text with");
  return encodeParagraphs(*tokenizer, readTextFile(file), file.string());
}

TokenSequences edgellm::readCalibrationText(const Checkpoint &checkpoint,
                                            const std::filesystem::path &file,
                                            const CalibrationLength &length) {
  if (length.tokens < 1 || length.sequenceTokens < 1)
    fail("calibration on ", length.tokens, " tokens in sequences of ",
         length.sequenceTokens, ": both must be 1 or more");
  std::vector<uint32_t> ids = encode(checkpoint, file).ids;
  if (ids.empty())
    fail(file.string(), ": the text is empty");
  size_t used = std::min(ids.size(), size_t(length.tokens));
  size_t step =
      size_t(std::min(length.sequenceTokens, checkpoint.config().context));
  TokenSequences result;
  for (size_t first = 0; first < used; first += step)
    result.emplace_back(ids.begin() + int64_t(first),
                        ids.begin() + int64_t(std::min(first + step, used)));
  return result;
}

const CalibrationStats &InputStatistics::of(const LinearVisit &visit,
                                            bool wantsHessian) {
  unsigned workers =
      threads ? threads : std::max(1u, std::thread::hardware_concurrency());
  const Matrix &x = visit.inputs;
  if (visit.input != input) {
    input = visit.input;
    stats = {x.columns, x.rows, {}, std::vector<float>(size_t(x.columns))};
    ref::meanSquares(x.values, x.rows, x.columns, stats.squaredNorm, workers);
  }
  if (wantsHessian && stats.hessian.empty()) {
    stats.hessian.resize(size_t(x.columns * x.columns));
    ref::secondMoments(x.values, x.rows, x.columns, stats.hessian, workers);
  }
  return stats;
}

double edgellm::squaredOutputs(const Matrix &inputs,
                               std::span<const float> weights, int64_t rows,
                               unsigned threads) {
  int64_t step = std::max<int64_t>(1, inputs.rows / rows);
  std::vector<float> x;
  int64_t taken = 0;
  for (int64_t row = 0; row < inputs.rows && taken < rows; row += step) {
    std::span<const float> values = inputs.row(row);
    x.insert(x.end(), values.begin(), values.end());
    ++taken;
  }
  int64_t outputs = int64_t(weights.size()) / inputs.columns;
  std::vector<float> y(size_t(taken * outputs));
  ref::multiplyByWeight(
      x, taken, viewOf("weights", outputs, inputs.columns, weights), y,
      threads ? threads : std::max(1u, std::thread::hardware_concurrency()));
  double sum = 0;
  for (float value : y)
    sum += double(value) * value;
  return sum;
}
