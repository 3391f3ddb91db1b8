//===- Images.cpp - What a program keeps in memory, as files --------------===//
#include "Images.h"

#include "EdgeLLM/Dialect/Accel/IR/Layout.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/WeightEncoding.h"
#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/Import/WeightView.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Weights/Pack.h"
#include "EdgeLLM/Weights/Strategy.h"

#include <cstdio>

using namespace mlir;
using namespace edgellm;

static constexpr size_t kLanes = isa::kLanes;

//===----------------------------------------------------------------------===//
// Port images
//===----------------------------------------------------------------------===//

/// What the encoding of a weight asks for; of no effect on FP16 weights.
static Compression compressionOf(accel::WeightOp weight) {
  return graph::choiceOf(graph::typeOf(weight.getSource()).getEncoding())
      .compression;
}

/// "search" or "sparsegpt, gptq".
static std::string describeMethod(const Compression &compression) {
  std::string text(nameOf(compression.quantize));
  if (compression.keep == kPruneGroup)
    return text;
  return std::string(nameOf(compression.prune)) + ", " + text;
}

static TensorRecord recordOf(accel::WeightOp weight,
                             const WeightLayout &layout) {
  TensorRecord record;
  record.name = weight.getSymName().str();
  record.outputs = weight.getRows().getSourceChannels();
  record.inputs = weight.getColumns().getSourceChannels();
  record.encoding = isa::nameOf(layout.format);
  record.bitsPerWeight = layout.bitsPerWeight();
  record.packet = *weight.getAddress();
  record.bytesPerPort = layout.portBytes();
  record.rows = accel::channelMapOf(weight.getRows());
  record.columns = accel::channelMapOf(weight.getColumns());
  if (isa::isInt4(layout.format))
    record.method = describeMethod(compressionOf(weight));
  return record;
}

std::vector<TensorRecord> edgellm::tensorTable(accel::ProgramOp program) {
  unsigned ports = program.getTarget().getPorts();
  std::vector<TensorRecord> records;
  for (accel::WeightOp weight : program.getOps<accel::WeightOp>())
    records.push_back(recordOf(weight, accel::layoutOf(weight, ports)));
  return records;
}

static uint64_t weightsOf(accel::WeightOp weight) {
  return uint64_t(weight.getRows().getSourceChannels()) *
         uint64_t(weight.getColumns().getSourceChannels());
}

static PackLoss pack(accel::WeightOp weight, const Checkpoint &checkpoint,
                     const CalibratedWeights &calibrated, unsigned ports,
                     const PortWriter &write) {
  WeightLayout layout = accel::layoutOf(weight, ports);
  TypedAttr source = weight.getSource();
  ChannelMap rows = accel::channelMapOf(weight.getRows());
  ChannelMap columns = accel::channelMapOf(weight.getColumns());
  MatrixView matrix = viewOf(source, &checkpoint);
  if (calibrated.contains(source)) {
    std::string name = weight.getSymName().str();
    QuantizedRows quantized = calibrated.rowsOf(source, name, rows);
    quantized.original = machineRowsOf(matrix, rows, columns);
    return packQuantized(quantized, layout, write);
  }
  return packMatrix(matrix, rows, columns, layout, compressionOf(weight),
                    write);
}

void edgellm::writePortImages(accel::ProgramOp program,
                              const Checkpoint &checkpoint,
                              const CalibratedWeights &calibrated,
                              PackageWriter &package, Manifest &manifest,
                              const Progress &progress) {
  unsigned ports = program.getTarget().getPorts();
  std::vector<PackageWriter::File *> files;
  for (unsigned port = 0; port < ports; ++port) {
    char name[32];
    std::snprintf(name, sizeof name, "hbm/port%02u.bin", port);
    files.push_back(&package.addFile(name));
    manifest.ports.push_back(name);
  }
  llvm::SmallVector<accel::WeightOp> weights(program.getOps<accel::WeightOp>());
  uint64_t done = 0, total = 0;
  for (accel::WeightOp weight : weights)
    total += weightsOf(weight);
  for (auto [index, weight] : llvm::enumerate(weights)) {
    progress("packing", done, total);
    PackLoss loss = pack(weight, checkpoint, calibrated, ports,
                         [&](unsigned port, std::span<const std::byte> bytes) {
                           files[port]->write(bytes);
                         });
    manifest.tensors[index].relativeError = loss.relativeError();
    checkpoint.dropPages();
    done += weightsOf(weight);
  }
  progress("packing", total, total);
}

//===----------------------------------------------------------------------===//
// The ddr image
//===----------------------------------------------------------------------===//

namespace {

/// FP16 lanes of the ddr buffer, written at packet addresses.
class LaneImage {
public:
  uint16_t *at(int64_t packet, int64_t packets) {
    size_t end = size_t(packet + packets) * kLanes;
    if (lanes.size() < end)
      lanes.resize(end);
    return lanes.data() + size_t(packet) * kLanes;
  }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(lanes));
  }

private:
  std::vector<uint16_t> lanes = std::vector<uint16_t>(kLanes); // the status
};

} // namespace

static void fill(LaneImage &image, accel::ConstantOp constant,
                 const Checkpoint &checkpoint) {
  MatrixView source = viewOf(constant.getSource(), &checkpoint);
  std::vector<uint16_t> values(source.columns);
  readHalfRow(source, 0, values);
  ChannelMap map = accel::channelMapOf(constant.getChannels());
  uint16_t *lanes =
      image.at(*constant.getAddress(), accel::packetsOf(constant));
  for (int64_t channel = 0; channel < map.paddedChannels(); ++channel)
    if (int64_t from = map.source(channel); from >= 0)
      lanes[channel] = values[from];
}

/// cos and sin side by side in the lanes of the pair that they turn; lanes that
/// do not turn have those of no angle.
static void fill(LaneImage &image, accel::RopeTableOp table) {
  int64_t packets = accel::packetsOf(table);
  uint16_t *lanes = image.at(*table.getAddress(), packets);
  int64_t positions = table.getPositions();
  RotaryTable angles(table.getTheta().convertToDouble(), table.getRotary(),
                     graph::scalingOf(table.getScalingAttr()));
  for (int64_t pair = 0; pair < packets / positions * int64_t(kLanes) / 2;
       ++pair) {
    int64_t block = 2 * pair / kLanes, lane = 2 * pair % kLanes;
    for (int64_t position = 0; position < positions; ++position) {
      RotaryTable::Turn turn = {1, 0};
      if (pair < angles.pairs())
        turn = angles.at(position, pair);
      uint16_t *entry = lanes + (block * positions + position) * kLanes + lane;
      entry[0] = floatToHalf(turn.cosine);
      entry[1] = floatToHalf(turn.sine);
    }
  }
}

void edgellm::writeDDRImage(accel::ProgramOp program,
                            const Checkpoint &checkpoint,
                            PackageWriter::File &file) {
  LaneImage image;
  for (accel::ConstantOp constant : program.getOps<accel::ConstantOp>())
    fill(image, constant, checkpoint);
  for (accel::RopeTableOp table : program.getOps<accel::RopeTableOp>())
    fill(image, table);
  file.write(image.bytes());
}

//===----------------------------------------------------------------------===//
// Tables of the host
//===----------------------------------------------------------------------===//

void edgellm::writeRows(TypedAttr table, int64_t rows,
                        const Checkpoint &checkpoint,
                        PackageWriter::File &file) {
  MatrixView view = viewOf(table, &checkpoint);
  std::vector<uint16_t> row(view.columns);
  for (int64_t index = 0; index < rows; ++index) {
    readHalfRow(view, index, row);
    file.write(std::as_bytes(std::span(row)));
  }
  checkpoint.dropPages();
}
