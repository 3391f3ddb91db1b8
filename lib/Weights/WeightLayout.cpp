//===- WeightLayout.cpp - A matrix in the HBM ports -----------------------===//
#include "EdgeLLM/Weights/WeightLayout.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/Quantize.h"

using namespace edgellm;

// A row starts on a 32-byte word only if groups and blocks fit each other.
static_assert(WeightLayout::kGroupInputs / kQuantBlock * sizeof(uint16_t) ==
              WeightLayout::kGroupScaleBytes);

static constexpr size_t kHalfBytes = 2;
static constexpr size_t kGroupBytes =
    WeightLayout::kGroupScaleBytes + WeightLayout::kGroupInputs / 2;

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

size_t WeightLayout::weightOffset(int64_t input) const {
  if (format == WeightFormat::fp16)
    return size_t(input) * kHalfBytes;
  return size_t(input / kGroupInputs) * kGroupBytes + kGroupScaleBytes +
         size_t(input % kGroupInputs) / 2;
}

size_t WeightLayout::scaleOffset(int64_t input) const {
  size_t block = size_t(input % kGroupInputs) / kQuantBlock;
  return size_t(input / kGroupInputs) * kGroupBytes + block * kHalfBytes;
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
