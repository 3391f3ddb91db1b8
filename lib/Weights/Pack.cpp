//===- Pack.cpp - Matrices to and from weight images ----------------------===//
#include "EdgeLLM/Weights/Pack.h"

#include "Parallel.h"
#include "ValueRange.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <thread>

using namespace edgellm;

/// Images that exist at a time. Large enough that starting threads for each
/// batch costs nothing beside filling it.
static constexpr size_t kBatchBytes = size_t(32) << 20;

/// Fewer weights than this are not worth a thread of their own.
static constexpr int64_t kWeightsPerThread = 1 << 16;

static constexpr int64_t kOutputBlock = WeightLayout::kOutputBlock;

static void requireEqual(const std::string &name, const char *leftName,
                         int64_t left, const char *rightName, int64_t right) {
  if (left != right)
    fail(name, ": ", left, " ", leftName, ", but ", right, " ", rightName);
}

static void requireMapsFit(const std::string &name, const ChannelMap &rows,
                           const ChannelMap &columns,
                           const WeightLayout &layout) {
  rows.validate();
  columns.validate();
  layout.validate();
  requireEqual(name, "padded channels in the row map", rows.paddedChannels(),
               "outputs in the weight layout", layout.outputs);
  requireEqual(name, "padded channels in the column map",
               columns.paddedChannels(), "inputs in the weight layout",
               layout.inputs);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

using WeightBlock = std::span<const float, kQuantBlock>;

static uint8_t encode(int8_t value) {
  return uint8_t(value >= 0 ? value : 8 - value);
}

/// Code 8, minus zero, reads as 0.
static int8_t decode(unsigned code) {
  int8_t magnitude = code & 7;
  return code & 8 ? -magnitude : magnitude;
}

static void encodeBlock(WeightBlock weights, QuantizeMethod method,
                        std::byte *scale, std::byte *codes) {
  int8_t values[kQuantBlock];
  uint16_t scaleBits = quantizeBlock(weights, method, values);
  std::memcpy(scale, &scaleBits, sizeof(scaleBits));
  for (size_t i = 0; i < kQuantBlock / 2; ++i)
    codes[i] =
        std::byte(encode(values[2 * i]) | encode(values[2 * i + 1]) << 4);
}

static void decodeBlock(const std::byte *scale, const std::byte *codes,
                        std::span<float, kQuantBlock> weights) {
  int8_t values[kQuantBlock];
  for (size_t i = 0; i < kQuantBlock / 2; ++i) {
    values[2 * i] = decode(unsigned(codes[i]) & 15);
    values[2 * i + 1] = decode(unsigned(codes[i]) >> 4);
  }
  uint16_t scaleBits;
  std::memcpy(&scaleBits, scale, sizeof(scaleBits));
  dequantizeBlock(scaleBits, values, weights);
}

namespace {

/// What all rows of a matrix have in common.
struct PackJob {
  const MatrixView &matrix;
  const ChannelMap &rows, &columns;
  const WeightLayout &layout;
  QuantizeMethod method;
  /// For each padded input its index in RowPacker::source.
  std::vector<size_t> gather;
};

/// Packs rows, one after the other, with memory of its own.
class RowPacker {
public:
  explicit RowPacker(const PackJob &job)
      : job(job), source(size_t(job.matrix.columns) + 1),
        weights(size_t(job.layout.paddedInputs())) {}

  /// Writes a row of the matrix to the rowBytes() zeroed bytes at `out`.
  void pack(int64_t row, std::byte *out);

private:
  void readWeights(int64_t row);
  void packHalf(std::byte *out) const;
  void packInt4(std::byte *out) const;

  const PackJob &job;
  std::vector<float> source;  // the row as it is read, then a zero
  std::vector<float> weights; // the row as the machine sees it
};

} // namespace

static std::vector<size_t> gatherIndices(const ChannelMap &columns) {
  size_t zero = size_t(columns.sourceChannels());
  std::vector<size_t> indices;
  for (int64_t p = 0; p < columns.paddedChannels(); ++p) {
    int64_t channel = columns.source(p);
    indices.push_back(channel < 0 ? zero : size_t(channel));
  }
  return indices;
}

/// Weights past the padded channels of the column map stay zero.
void RowPacker::readWeights(int64_t row) {
  std::span<float> values(source.data(), source.size() - 1);
  job.matrix.readRow(row, values);
  bool isInt4 = job.layout.format == WeightFormat::int4;
  requireWithin(isInt4 ? kInt4Range : kHalfRange, values, job.matrix.name, row);
  if (job.columns.isIdentity())
    std::ranges::copy(values, weights.begin());
  else
    for (size_t p = 0; p < job.gather.size(); ++p)
      weights[p] = source[job.gather[p]];
}

void RowPacker::pack(int64_t row, std::byte *out) {
  readWeights(row);
  if (job.layout.format == WeightFormat::int4)
    packInt4(out);
  else
    packHalf(out);
}

void RowPacker::packHalf(std::byte *out) const {
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t half = floatToHalf(weights[i]);
    std::memcpy(out + i * sizeof(half), &half, sizeof(half));
  }
}

void RowPacker::packInt4(std::byte *out) const {
  for (size_t i = 0; i < weights.size(); i += kQuantBlock)
    encodeBlock(WeightBlock(weights.data() + i, kQuantBlock), job.method,
                out + job.layout.scaleOffset(int64_t(i)),
                out + job.layout.weightOffset(int64_t(i)));
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

namespace {

/// The images of consecutive output blocks, one port after the other.
class Batch {
public:
  Batch(const PackJob &job, unsigned workers)
      : job(job), packers(workers, RowPacker(job)) {}

  void pack(int64_t firstBlock, int64_t blocks);
  void write(const PortWriter &write) const;

private:
  void packBlock(int64_t block, RowPacker &packer);
  size_t portBytes() const { return images.size() / job.layout.ports; }

  const PackJob &job;
  std::vector<RowPacker> packers;
  int64_t firstBlock = 0;
  std::vector<std::byte> images;
};

} // namespace

void Batch::pack(int64_t first, int64_t blocks) {
  firstBlock = first;
  images.assign(size_t(blocks * kOutputBlock) * job.layout.rowBytes(),
                std::byte(0));
  parallelFor(blocks, unsigned(packers.size()),
              [&](int64_t index, unsigned worker) {
                packBlock(first + index, packers[worker]);
              });
}

void Batch::packBlock(int64_t block, RowPacker &packer) {
  int64_t begin = block * kOutputBlock;
  int64_t end = std::min(begin + kOutputBlock, job.layout.outputs);
  size_t batchOffset = job.layout.rowOffset(firstBlock * kOutputBlock);
  for (int64_t output = begin; output < end; ++output) {
    int64_t row = job.rows.source(output);
    size_t offset = job.layout.portOf(output) * portBytes() +
                    job.layout.rowOffset(output) - batchOffset;
    if (row >= 0)
      packer.pack(row, images.data() + offset);
  }
}

void Batch::write(const PortWriter &write) const {
  for (unsigned port = 0; port < job.layout.ports; ++port)
    write(port, std::span(images).subspan(port * portBytes(), portBytes()));
}

static unsigned workerCount(unsigned threads, const WeightLayout &layout) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  int64_t useful = layout.outputs * layout.inputs / kWeightsPerThread;
  return unsigned(std::clamp<int64_t>(useful, 1, threads));
}

/// What rounding a port's image up to whole packets adds.
static void writePadding(const WeightLayout &layout, const PortWriter &write) {
  const std::byte zeros[WeightLayout::kPortAlignment] = {};
  size_t rows = size_t(layout.rowsPerPort()) * layout.rowBytes();
  size_t padding = layout.portBytes() - rows;
  for (unsigned port = 0; padding > 0 && port < layout.ports; ++port)
    write(port, std::span(zeros).first(padding));
}

void edgellm::packMatrix(const MatrixView &matrix, const ChannelMap &rows,
                         const ChannelMap &columns, const WeightLayout &layout,
                         QuantizeMethod method, const PortWriter &write,
                         unsigned threads) {
  requireMapsFit(matrix.name, rows, columns, layout);
  requireEqual(matrix.name, "rows", matrix.rows, "channels in the row map",
               rows.sourceChannels());
  requireEqual(matrix.name, "columns", matrix.columns,
               "channels in the column map", columns.sourceChannels());

  PackJob job{matrix, rows, columns, layout, method, gatherIndices(columns)};
  Batch batch(job, workerCount(threads, layout));
  int64_t blocks = layout.paddedOutputs() / kOutputBlock;
  size_t blockBytes = size_t(kOutputBlock) * layout.rowBytes();
  int64_t step = std::max<int64_t>(1, int64_t(kBatchBytes / blockBytes));
  for (int64_t first = 0; first < blocks; first += step) {
    batch.pack(first, std::min(step, blocks - first));
    batch.write(write);
  }
  writePadding(layout, write);
}

//===----------------------------------------------------------------------===//
// Reading back
//===----------------------------------------------------------------------===//

void edgellm::unpackRow(const WeightLayout &layout, PortImages images,
                        int64_t output, std::span<float> weights) {
  assert(int64_t(weights.size()) == layout.paddedInputs());
  const std::byte *row =
      images[layout.portOf(output)].data() + layout.rowOffset(output);
  if (layout.format == WeightFormat::int4) {
    for (size_t i = 0; i < weights.size(); i += kQuantBlock)
      decodeBlock(row + layout.scaleOffset(int64_t(i)),
                  row + layout.weightOffset(int64_t(i)),
                  weights.subspan(i).first<kQuantBlock>());
    return;
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, row + i * sizeof(half), sizeof(half));
    weights[i] = halfToFloat(half);
  }
}

MatrixView edgellm::unpackMatrix(std::string name, const ChannelMap &rows,
                                 const ChannelMap &columns,
                                 const WeightLayout &layout,
                                 PortImages images) {
  requireMapsFit(name, rows, columns, layout);
  requireEqual(name, "port images", int64_t(images.size()),
               "ports in the weight layout", layout.ports);
  for (std::span<const std::byte> image : images)
    requireEqual(name, "bytes in a port image", int64_t(image.size()),
                 "by its weight layout", int64_t(layout.portBytes()));
  std::vector<std::span<const std::byte>> kept(images.begin(), images.end());
  auto readRow = [=](int64_t row, std::span<float> out) {
    std::vector<float> weights(size_t(layout.paddedInputs()));
    unpackRow(layout, kept, rows.destination(row), weights);
    for (size_t column = 0; column < out.size(); ++column)
      out[column] = weights[size_t(columns.destination(int64_t(column)))];
  };
  return {std::move(name), rows.sourceChannels(), columns.sourceChannels(),
          readRow};
}
