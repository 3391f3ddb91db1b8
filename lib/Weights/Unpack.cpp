//===- Unpack.cpp - Matrices from weight images ---------------------------===//
#include "EdgeLLM/Weights/Pack.h"

#include "BlockCoding.h"
#include "LayoutChecks.h"

#include "EdgeLLM/Support/Half.h"

#include <cassert>
#include <cstring>

using namespace edgellm;

static uint16_t halfAt(const std::byte *from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof half);
  return half;
}

static void unpackBlock(const WeightLayout &layout, const std::byte *row,
                        int64_t input, std::span<float, kQuantBlock> weights) {
  int8_t values[kQuantBlock];
  decodeBlock(layout.format, row + layout.indexOffset(input),
              row + layout.codeOffset(input), values);
  dequantizeBlock(halfAt(row + layout.scaleOffset(input)), values, weights);
}

void edgellm::unpackRow(const WeightLayout &layout, PortImages images,
                        int64_t output, std::span<float> weights) {
  assert(int64_t(weights.size()) == layout.paddedInputs());
  const std::byte *row =
      images[layout.portOf(output)].data() + layout.rowOffset(output);
  if (layout.isInt4()) {
    for (size_t i = 0; i < weights.size(); i += kQuantBlock)
      unpackBlock(layout, row, int64_t(i),
                  weights.subspan(i).first<kQuantBlock>());
    return;
  }
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = halfToFloat(halfAt(row + layout.weightOffset(int64_t(i))));
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
