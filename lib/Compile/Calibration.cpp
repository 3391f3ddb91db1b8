//===- Calibration.cpp - Matrices compressed on a text --------------------===//
#include "Calibration.h"

#include "EdgeLLM/Conversion/ChannelLayout.h"
#include "EdgeLLM/Dialect/Accel/IR/Layout.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/WeightEncoding.h"
#include "EdgeLLM/Reference/Calibration.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace mlir;
using namespace edgellm;

//===----------------------------------------------------------------------===//
// CalibratedWeights
//===----------------------------------------------------------------------===//

[[noreturn]] static void failFile(const char *what) {
  fail("the temporary file of calibrated weights: ", what, ": ",
       std::strerror(errno));
}

template <typename T>
static void append(std::FILE *file, const std::vector<T> &values) {
  if (std::fwrite(values.data(), sizeof(T), values.size(), file) !=
      values.size())
    failFile("writing");
}

template <typename T>
static void readAt(int descriptor, uint64_t offset, std::span<T> values) {
  auto bytes = std::as_writable_bytes(values);
  while (!bytes.empty()) {
    ssize_t got =
        ::pread(descriptor, bytes.data(), bytes.size(), off_t(offset));
    if (got <= 0)
      failFile("reading");
    bytes = bytes.subspan(size_t(got));
    offset += uint64_t(got);
  }
}

/// A row is its values, then its scales.
static uint64_t rowBytes(int64_t columns) {
  return uint64_t(columns) + uint64_t(columns) / kQuantBlock * 2;
}

void CalibratedWeights::add(TypedAttr weight, const QuantizedMatrix &matrix) {
  if (!file)
    file.reset(std::tmpfile());
  if (!file)
    failFile("creating");
  size_t columns = size_t(matrix.columns), blocks = columns / kQuantBlock;
  std::vector<std::byte> bytes(size_t(matrix.rows) * rowBytes(matrix.columns));
  for (size_t row = 0; row < size_t(matrix.rows); ++row) {
    std::byte *to = bytes.data() + row * rowBytes(matrix.columns);
    std::memcpy(to, matrix.values.data() + row * columns, columns);
    std::memcpy(to + columns, matrix.scales.data() + row * blocks, blocks * 2);
  }
  append(file.get(), bytes);
  if (std::fflush(file.get()) != 0)
    failFile("writing");
  places[weight] = {size, matrix.columns};
  size += bytes.size();
}

QuantizedRows CalibratedWeights::rowsOf(TypedAttr weight,
                                        const std::string &name,
                                        const ChannelMap &rows) const {
  Place place = places.lookup(weight);
  int descriptor = ::fileno(file.get());
  auto readRow = [place, descriptor, rows](int64_t output,
                                           std::span<int8_t> values,
                                           std::span<uint16_t> scales) {
    int64_t row = rows.source(output);
    if (row < 0) { // padding
      std::ranges::fill(values, int8_t(0));
      std::ranges::fill(scales, uint16_t(0));
      return;
    }
    uint64_t offset = place.offset + uint64_t(row) * rowBytes(place.columns);
    readAt(descriptor, offset, values);
    readAt(descriptor, offset + uint64_t(place.columns), scales);
  };
  return {name, readRow};
}

//===----------------------------------------------------------------------===//
// Machine order
//===----------------------------------------------------------------------===//

namespace {

/// The input channels of a matrix as the machine has them: for each, padded to
/// whole blocks, its channel in the checkpoint or -1.
class MachineColumns {
public:
  explicit MachineColumns(const ChannelMap &map) {
    size_t padded = size_t(map.paddedChannels());
    sources.assign((padded + kQuantBlock - 1) / kQuantBlock * kQuantBlock, -1);
    for (size_t p = 0; p < padded; ++p)
      sources[p] = map.source(int64_t(p));
  }

  int64_t count() const { return int64_t(sources.size()); }

  /// Rows of `columns` checkpoint values to rows of machine ones.
  std::vector<float> toMachine(std::span<const float> values,
                               size_t columns) const {
    size_t rows = values.size() / columns;
    std::vector<float> result(rows * sources.size());
    for (size_t row = 0; row < rows; ++row)
      for (size_t p = 0; p < sources.size(); ++p)
        if (sources[p] >= 0)
          result[row * sources.size() + p] =
              values[row * columns + size_t(sources[p])];
    return result;
  }

  /// What the machine computes with, back in the order of the checkpoint.
  void toCheckpoint(const QuantizedMatrix &matrix, size_t columns,
                    std::span<float> weights) const {
    for (size_t row = 0; row < size_t(matrix.rows); ++row)
      for (size_t p = 0; p < sources.size(); ++p)
        if (sources[p] >= 0) {
          size_t index = row * sources.size() + p;
          weights[row * columns + size_t(sources[p])] =
              float(matrix.values[index]) *
              halfToFloat(matrix.scales[index / kQuantBlock]);
        }
  }

  CalibrationStats toMachine(const CalibrationStats &stats) const {
    CalibrationStats result{count(), stats.samples, {}, {}};
    size_t inputs = size_t(stats.inputs);
    result.squaredNorm = toMachine(stats.squaredNorm, inputs);
    if (stats.hessian.empty())
      return result;
    std::vector<float> rows = toMachine(stats.hessian, inputs);
    result.hessian.resize(sources.size() * sources.size());
    for (size_t p = 0; p < sources.size(); ++p)
      if (sources[p] >= 0)
        std::copy_n(rows.begin() + sources[p] * count(), count(),
                    result.hessian.begin() + int64_t(p) * count());
    return result;
  }

private:
  std::vector<int64_t> sources;
};

} // namespace

static MachineColumns columnsOf(const LinearVisit &visit) {
  return MachineColumns(accel::channelMapOf(layoutOf(visit.input)));
}

QuantizedMatrix MatrixCompressor::compress(const LinearVisit &visit,
                                           const Compression &compression) {
  size_t columns = size_t(visit.inputs.columns);
  MachineColumns machine = columnsOf(visit);
  std::vector<float> weights = machine.toMachine(visit.weights, columns);
  int64_t rows = int64_t(visit.weights.size() / columns);
  if (compression.isSinglePass())
    return compressMatrix(weights, rows, machine.count(), compression, nullptr);
  CalibrationStats stats =
      machine.toMachine(statistics.of(visit, compression.needsHessian()));
  return compressMatrix(weights, rows, machine.count(), compression, &stats);
}

void MatrixCompressor::dequantize(const LinearVisit &visit,
                                  const QuantizedMatrix &matrix,
                                  std::span<float> weights) {
  columnsOf(visit).toCheckpoint(matrix, size_t(visit.inputs.columns), weights);
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

bool edgellm::needsCalibration(ModuleOp module) {
  WalkResult result = module.walk([](graph::LinearOp op) {
    graph::MatrixChoice choice =
        graph::choiceOf(graph::typeOf(op.getWeight()).getEncoding());
    return choice.fp16 || choice.compression.isSinglePass()
               ? WalkResult::advance()
               : WalkResult::interrupt();
  });
  return result.wasInterrupted();
}

CalibratedWeights edgellm::calibrate(ModuleOp module,
                                     const Checkpoint &checkpoint,
                                     const std::filesystem::path &text,
                                     const Progress &progress) {
  // Any function sees every matrix; this one has no more to it than needed.
  auto function = module.lookupSymbol<func::FuncOp>("score");
  TokenSequences sequences = readCalibrationText(checkpoint, text);
  uint64_t done = 0, total = 0;
  function.walk([&](graph::LinearOp) { ++total; });
  CalibratedWeights results;
  MatrixCompressor compressor;
  InterpreterOptions options;
  options.results = false;
  options.hook = [&](const LinearVisit &visit) {
    progress("calibrating", done++, total);
    graph::MatrixChoice choice =
        graph::choiceOf(graph::typeOf(visit.weight).getEncoding());
    if (choice.fp16)
      return;
    QuantizedMatrix matrix = compressor.compress(visit, choice.compression);
    MatrixCompressor::dequantize(visit, matrix, visit.weights);
    if (!choice.compression.isSinglePass())
      results.add(visit.weight, matrix);
  };
  interpret(function, &checkpoint, sequences, options);
  progress("calibrating", total, total);
  return results;
}
