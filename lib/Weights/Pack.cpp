//===- Pack.cpp - Matrices to weight images -------------------------------===//
#include "EdgeLLM/Weights/Pack.h"

#include "BlockCoding.h"
#include "BlockKernels.h"
#include "LayoutChecks.h"
#include "Parallel.h"
#include "ValueRange.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>

using namespace edgellm;

/// Images that exist at a time. Large enough that starting threads for each
/// batch costs nothing beside filling it.
static constexpr size_t kBatchBytes = size_t(32) << 20;

/// Fewer weights than this are not worth a thread of their own.
static constexpr int64_t kWeightsPerThread = 1 << 16;

static constexpr int64_t kOutputBlock = WeightLayout::kOutputBlock;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

namespace {

/// Makes the rows of images, one after the other, with memory of its own.
class RowPacker {
public:
  virtual ~RowPacker() = default;

  /// Writes an output channel in [0, outputs) to the rowBytes() zeroed bytes at
  /// `out`.
  virtual PackLoss pack(int64_t output, std::byte *out) = 0;
};

/// Creates the packer of one worker.
using PackerFactory = std::function<std::unique_ptr<RowPacker>()>;

/// A quantized row of an int4 format.
struct QuantizedRow {
  explicit QuantizedRow(const WeightLayout &layout)
      : values(size_t(layout.paddedInputs())),
        scales(values.size() / kQuantBlock) {}

  void encode(const WeightLayout &layout, std::byte *out) const;
  PackLoss lossOf(std::span<const float> weights) const;

  std::vector<int8_t> values;
  std::vector<uint16_t> scales;
};

/// Packs rows of a matrix of floats.
class MatrixPacker : public RowPacker {
public:
  MatrixPacker(const MachineRows &readRow, const WeightLayout &layout,
               const Compression &compression)
      : readRow(readRow), layout(layout), compression(compression),
        weights(size_t(layout.paddedInputs())), quantized(layout) {}

  PackLoss pack(int64_t output, std::byte *out) override;

private:
  PackLoss packHalf(std::byte *out) const;

  const MachineRows &readRow;
  const WeightLayout &layout;
  const Compression &compression;
  std::vector<float> weights;
  QuantizedRow quantized;
};

/// Packs rows that are quantized already.
class QuantizedPacker : public RowPacker {
public:
  QuantizedPacker(const QuantizedRows &matrix, const WeightLayout &layout)
      : matrix(matrix), layout(layout), row(layout),
        weights(size_t(layout.paddedInputs())) {}

  PackLoss pack(int64_t output, std::byte *out) override;

private:
  const QuantizedRows &matrix;
  const WeightLayout &layout;
  QuantizedRow row;
  std::vector<float> weights; // the original
};

} // namespace

static PackLoss &operator+=(PackLoss &total, const PackLoss &part) {
  total.squaredError += part.squaredError;
  total.squaredNorm += part.squaredNorm;
  return total;
}

double PackLoss::relativeError() const {
  return squaredNorm > 0 ? std::sqrt(squaredError / squaredNorm) : 0;
}

void QuantizedRow::encode(const WeightLayout &layout, std::byte *out) const {
  if (std::ranges::count(scales, 0) == std::ssize(scales))
    return;
  for (size_t block = 0; block < scales.size(); ++block) {
    int64_t input = int64_t(block * kQuantBlock);
    std::memcpy(out + layout.scaleOffset(input), &scales[block],
                sizeof(uint16_t));
    encodeBlock(
        layout.format,
        std::span(values).subspan(block * kQuantBlock).first<kQuantBlock>(),
        out + layout.indexOffset(input), out + layout.codeOffset(input));
  }
}

PackLoss QuantizedRow::lossOf(std::span<const float> weights) const {
  PackLoss total;
  for (size_t block = 0; block < scales.size(); ++block) {
    size_t begin = block * kQuantBlock;
    BlockLoss loss = blockKernels().loss(&weights[begin], &values[begin],
                                         halfToFloat(scales[block]));
    total += {loss.squaredError, loss.squaredNorm};
  }
  return total;
}

PackLoss MatrixPacker::pack(int64_t output, std::byte *out) {
  readRow(output, weights);
  if (!layout.isInt4())
    return packHalf(out);
  compressRow(weights, compression, quantized.values, quantized.scales);
  quantized.encode(layout, out);
  return quantized.lossOf(weights);
}

PackLoss MatrixPacker::packHalf(std::byte *out) const {
  PackLoss total;
  for (size_t i = 0; i < weights.size(); ++i) {
    uint16_t half = floatToHalf(weights[i]);
    std::memcpy(out + i * sizeof(half), &half, sizeof(half));
    double weight = weights[i], error = weight - halfToFloat(half);
    total += {error * error, weight * weight};
  }
  return total;
}

/// What a caller hands over is checked like what a file contains.
static void requirePackable(const QuantizedRow &row, const std::string &name,
                            int64_t output, WeightFormat format) {
  for (size_t block = 0; block < row.scales.size(); ++block)
    if (row.scales[block] > kHalfMax)
      fail(name, " row ", output, ": the scale of block ", block, " has bits ",
           row.scales[block], ", expected a number from 0 to 65504");
  int64_t keep = isa::codingOf(format).keep;
  for (size_t group = 0; group < row.values.size(); group += kPruneGroup) {
    auto values = std::span(row.values).subspan(group, kPruneGroup);
    for (int value : values)
      if (value < -kInt4Max || value > kInt4Max)
        fail(name, " row ", output, ": value ", value, " among inputs ", group,
             " to ", group + kPruneGroup - 1, ", expected -7 to 7");
    int64_t kept =
        int64_t(values.size()) - std::ranges::count(values, int8_t(0));
    if (kept > keep)
      fail(name, " row ", output, ": ", kept, " of inputs ", group, " to ",
           group + kPruneGroup - 1, " are nonzero, ", isa::nameOf(format),
           " keeps ", keep);
  }
}

PackLoss QuantizedPacker::pack(int64_t output, std::byte *out) {
  matrix.readRow(output, row.values, row.scales);
  requirePackable(row, matrix.name, output, layout.format);
  row.encode(layout, out);
  if (!matrix.original)
    return {};
  matrix.original(output, weights);
  return row.lossOf(weights);
}

//===----------------------------------------------------------------------===//
// From checkpoint to machine order
//===----------------------------------------------------------------------===//

/// For each padded channel its index in a row that ends with an extra zero.
static std::vector<size_t> gatherIndices(const ChannelMap &columns) {
  size_t zero = size_t(columns.sourceChannels());
  std::vector<size_t> indices;
  for (int64_t p = 0; p < columns.paddedChannels(); ++p) {
    int64_t channel = columns.source(p);
    indices.push_back(channel < 0 ? zero : size_t(channel));
  }
  return indices;
}

MachineRows edgellm::machineRowsOf(MatrixView matrix, const ChannelMap &rows,
                                   const ChannelMap &columns) {
  if (columns.isIdentity())
    return [=](int64_t output, std::span<float> weights) {
      int64_t row = rows.source(output);
      size_t read = row < 0 ? 0 : size_t(matrix.columns);
      if (row >= 0)
        matrix.readRow(row, weights.first(read));
      std::ranges::fill(weights.subspan(read), 0.0f);
    };
  return [=, gather = gatherIndices(columns)](int64_t output,
                                              std::span<float> weights) {
    std::ranges::fill(weights, 0.0f);
    int64_t row = rows.source(output);
    if (row < 0)
      return;
    std::vector<float> source(size_t(matrix.columns) + 1);
    matrix.readRow(row, std::span(source).first(size_t(matrix.columns)));
    for (size_t p = 0; p < gather.size(); ++p)
      weights[p] = source[gather[p]];
  };
}

/// The same matrix, which throws Error for a weight that the format cannot
/// hold.
static MatrixView withinRange(const MatrixView &matrix, bool isInt4) {
  MatrixView checked = matrix;
  checked.readRow = [=](int64_t row, std::span<float> out) {
    matrix.readRow(row, out);
    requireWithin(isInt4 ? kInt4Range : kHalfRange, out, matrix.name, row);
  };
  return checked;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

namespace {

/// The images of consecutive output blocks, one port after the other.
class Batch {
public:
  Batch(const WeightLayout &layout, const PackerFactory &createPacker,
        unsigned workers);

  /// Returns the loss of these blocks, added up in order.
  PackLoss pack(int64_t firstBlock, int64_t blocks);
  void write(const PortWriter &write) const;

private:
  PackLoss packBlock(int64_t block, RowPacker &packer);
  size_t portBytes() const { return images.size() / layout.ports; }

  const WeightLayout &layout;
  std::vector<std::unique_ptr<RowPacker>> packers;
  int64_t firstBlock = 0;
  std::vector<std::byte> images;
};

} // namespace

Batch::Batch(const WeightLayout &layout, const PackerFactory &createPacker,
             unsigned workers)
    : layout(layout) {
  for (unsigned worker = 0; worker < workers; ++worker)
    packers.push_back(createPacker());
}

PackLoss Batch::pack(int64_t first, int64_t blocks) {
  firstBlock = first;
  images.assign(size_t(blocks * kOutputBlock) * layout.rowBytes(),
                std::byte(0));
  std::vector<PackLoss> losses(static_cast<size_t>(blocks));
  parallelFor(
      blocks, unsigned(packers.size()), [&](int64_t index, unsigned worker) {
        losses[size_t(index)] = packBlock(first + index, *packers[worker]);
      });
  PackLoss total;
  for (const PackLoss &loss : losses)
    total += loss;
  return total;
}

PackLoss Batch::packBlock(int64_t block, RowPacker &packer) {
  int64_t begin = block * kOutputBlock;
  int64_t end = std::min(begin + kOutputBlock, layout.outputs);
  size_t batchOffset = layout.rowOffset(firstBlock * kOutputBlock);
  PackLoss total;
  for (int64_t output = begin; output < end; ++output) {
    size_t offset = layout.portOf(output) * portBytes() +
                    layout.rowOffset(output) - batchOffset;
    total += packer.pack(output, images.data() + offset);
  }
  return total;
}

void Batch::write(const PortWriter &write) const {
  for (unsigned port = 0; port < layout.ports; ++port)
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

static PackLoss packAll(const WeightLayout &layout,
                        const PackerFactory &createPacker,
                        const PortWriter &write, unsigned threads) {
  Batch batch(layout, createPacker, workerCount(threads, layout));
  int64_t blocks = layout.paddedOutputs() / kOutputBlock;
  size_t blockBytes = size_t(kOutputBlock) * layout.rowBytes();
  int64_t step = std::max<int64_t>(1, int64_t(kBatchBytes / blockBytes));
  PackLoss total;
  for (int64_t first = 0; first < blocks; first += step) {
    total += batch.pack(first, std::min(step, blocks - first));
    batch.write(write);
  }
  writePadding(layout, write);
  return total;
}

PackLoss edgellm::packMatrix(const MatrixView &matrix, const ChannelMap &rows,
                             const ChannelMap &columns,
                             const WeightLayout &layout,
                             const Compression &compression,
                             const PortWriter &write, unsigned threads) {
  requireMapsFit(matrix.name, rows, columns, layout);
  requireEqual(matrix.name, "rows", matrix.rows, "channels in the row map",
               rows.sourceChannels());
  requireEqual(matrix.name, "columns", matrix.columns,
               "channels in the column map", columns.sourceChannels());
  if (layout.isInt4())
    requireEqual(matrix.name, "weights of each 8 are kept", compression.keep,
                 "by the format of the weight layout",
                 isa::codingOf(layout.format).keep);
  MachineRows readRow =
      machineRowsOf(withinRange(matrix, layout.isInt4()), rows, columns);
  auto create = [&] {
    return std::make_unique<MatrixPacker>(readRow, layout, compression);
  };
  return packAll(layout, create, write, threads);
}

PackLoss edgellm::packQuantized(const QuantizedRows &matrix,
                                const WeightLayout &layout,
                                const PortWriter &write, unsigned threads) {
  layout.validate();
  if (!layout.isInt4())
    fail(matrix.name, ": quantized weights, but the weight layout is ",
         isa::nameOf(layout.format));
  auto create = [&] {
    return std::make_unique<QuantizedPacker>(matrix, layout);
  };
  return packAll(layout, create, write, threads);
}
