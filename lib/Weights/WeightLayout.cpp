//===- WeightLayout.cpp - A matrix in the HBM ports -----------------------===//
#include "EdgeLLM/Weights/WeightLayout.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/Quantize.h"

#include <algorithm>

using namespace edgellm;

// Scales of a package fill one word.
static_assert(isa::kPackageInputs / int64_t(kQuantBlock) * 2 ==
                  isa::kPackageScaleBytes &&
              isa::kScaleBlock == int64_t(kQuantBlock));

static constexpr size_t kHalfBytes = 2;

template <typename T> static constexpr T roundUp(T value, T unit) {
  return (value + unit - 1) / unit * unit;
}

int64_t WeightLayout::paddedOutputs() const {
  return roundUp(outputs, kOutputBlock);
}

int64_t WeightLayout::paddedInputs() const {
  return isa::paddedInputs(format, inputs);
}

int64_t WeightLayout::rowsPerPort() const { return paddedOutputs() / ports; }

size_t WeightLayout::rowBytes() const {
  return size_t(isa::outputBytes(format, inputs));
}

size_t WeightLayout::portBytes() const {
  return size_t(isa::matrixPackets(format, outputs, inputs, ports)) *
         isa::kPacketBytes;
}

double WeightLayout::bitsPerWeight() const {
  return 8.0 * double(portBytes()) * ports / (double(outputs) * double(inputs));
}

size_t WeightLayout::rowOffset(int64_t output) const {
  return size_t(output / ports) * rowBytes();
}

/// Byte offset of the package of an input.
static size_t packageOffset(const WeightLayout &layout, int64_t input) {
  return size_t(input / isa::kPackageInputs *
                isa::packageBytes(layout.format, isa::kPackageInputs));
}

/// Inputs of the same package in earlier blocks.
static int64_t inputsBefore(int64_t input) {
  return input % isa::kPackageInputs / isa::kScaleBlock * isa::kScaleBlock;
}

size_t WeightLayout::scaleOffset(int64_t input) const {
  return packageOffset(*this, input) +
         size_t(inputsBefore(input) / isa::kScaleBlock) * kHalfBytes;
}

size_t WeightLayout::indexOffset(int64_t input) const {
  return packageOffset(*this, input) +
         size_t(isa::kPackageScaleBytes +
                isa::indexBytes(format, inputsBefore(input)));
}

size_t WeightLayout::codeOffset(int64_t input) const {
  int64_t first = input / isa::kPackageInputs * isa::kPackageInputs;
  int64_t inPackage = std::min(paddedInputs() - first, isa::kPackageInputs);
  return packageOffset(*this, input) +
         size_t(isa::kPackageScaleBytes + isa::indexBytes(format, inPackage) +
                isa::codeBytes(format, inputsBefore(input)));
}

size_t WeightLayout::weightOffset(int64_t input) const {
  if (format == WeightFormat::fp16)
    return size_t(input) * kHalfBytes;
  return codeOffset(input) + size_t(input % isa::kScaleBlock) / 2;
}

const char *WeightLayout::problem() const {
  if (outputs < 1 || outputs > kMaxChannels || inputs < 1 ||
      inputs > kMaxChannels)
    return "outputs and inputs must be from 1 to 2^28";
  if (ports < 1 || kOutputBlock % ports != 0)
    return "ports must divide 32";
  return nullptr;
}

void WeightLayout::validate() const {
  if (const char *reason = problem())
    fail("weight layout (", isa::nameOf(format), ", outputs ", outputs,
         ", inputs ", inputs, ", ports ", ports, "): ", reason);
}
