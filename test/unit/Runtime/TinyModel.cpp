//===- TinyModel.cpp - A model of one matrix, as a package ----------------===//
#include "TinyModel.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Model/Numerics.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <random>

using namespace edgellm;
using namespace edgellm::testing;
using isa::Affine;
using isa::Request;

// The ddr buffer: status, input, logits.
static constexpr uint64_t kBlocksIn = 2, kBlocksOut = 3;
static constexpr uint64_t kInput = 1;
static constexpr uint64_t kLogits = kInput + kBlocksIn * TinyModel::maxTokens;
static constexpr uint64_t kDdrPackets =
    kLogits + kBlocksOut * TinyModel::maxTokens;
// A port holds rows of two packets; one packet more stands for a KV cache.
static constexpr uint64_t kRowValues = kBlocksIn * isa::kLanes;
static constexpr uint64_t kRows = kBlocksOut * isa::kLanes / TinyModel::ports;
static constexpr uint64_t kHbmPackets = kRows * kBlocksIn + 1;
// The input passes through the activation buffer, two slices of two rows.
static constexpr uint64_t kSliceRows = 2;
static constexpr uint64_t kChipPackets = 2 * kSliceRows * kBlocksIn;

static std::vector<uint16_t> randomHalves(size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<uint16_t> values(count);
  for (uint16_t &value : values)
    value = floatToHalf((float(engine() >> 8) * 0x1p-23f - 1));
  return values;
}

TinyModel::TinyModel()
    : embedding(randomHalves(vocabulary * hidden, 1)),
      weights(randomHalves(vocabulary * hidden, 2)) {}

static std::vector<uint16_t> paddedRow(const std::vector<uint16_t> &matrix,
                                       uint32_t row) {
  std::vector<uint16_t> result(kRowValues, 0);
  std::copy_n(&matrix[row * TinyModel::hidden], TinyModel::hidden,
              result.begin());
  return result;
}

std::vector<uint16_t> TinyModel::logits(uint32_t id) const {
  return logits(std::span(embedding).subspan(id * hidden, hidden));
}

std::vector<uint16_t>
TinyModel::logits(std::span<const uint16_t> vector) const {
  std::vector<uint16_t> input(vector.begin(), vector.end()), result;
  input.resize(kRowValues);
  for (uint32_t c = 0; c < vocabulary; ++c)
    result.push_back(
        numerics::vmmOutput(numerics::dotFp16(input, paddedRow(weights, c)),
                            std::nullopt, isa::Epilogue::none, 0));
  return result;
}

uint32_t TinyModel::next(uint32_t id) const {
  return numerics::argmax(logits(id));
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

template <typename Instruction>
static void append(std::vector<uint64_t> &code, const Instruction &fields) {
  code.resize(code.size() + Instruction::words);
  isa::DecodeError error;
  if (!encode(fields, &*(code.end() - Instruction::words), error))
    fail("test program: ", error.field, " does not fit");
}

/// Logits of the last position, or of all.
static std::vector<uint64_t> entryCode(uint32_t maxTokens, bool all) {
  isa::Begin begin;
  begin.max_tokens = maxTokens;
  begin.context = TinyModel::context;
  begin.ddr_packets = kDdrPackets;
  begin.hbm_packets = kHbmPackets;
  begin.chip_packets = kChipPackets;
  begin.sequences = 1;
  isa::Vmm vmm;
  vmm.slice_rows = kSliceRows;
  vmm.weight_format = isa::WeightFormat::fp16;
  vmm.argmax = true;
  vmm.in_channels = TinyModel::hidden;
  vmm.out_channels = TinyModel::vocabulary;
  Affine tokens{0, 1, Request::tokens}, one{1, 0, Request::zero};
  vmm.rows = vmm.dst_stride = all ? tokens : one;
  vmm.src = all ? Affine{int64_t(kInput), 0, Request::zero}
                : Affine{int64_t(kInput) - 1, 1, Request::tokens};
  vmm.src_stride = tokens;
  vmm.dst = {int64_t(kLogits), 0, Request::zero};
  std::vector<uint64_t> code;
  append(code, begin);
  append(code, vmm);
  append(code, isa::End());
  return code;
}

Program TinyModel::program() const {
  Program program{ports,       context,     hidden,      vocabulary,
                  kDdrPackets, kHbmPackets, kChipPackets};
  uint32_t packet = 5; // the header and three entries go before the code
  for (const char *name : {"generate", "decode", "score"}) {
    bool all = std::string_view(name) == "score";
    uint32_t longest = std::string_view(name) == "decode" ? 1 : maxTokens;
    std::vector<uint64_t> code = entryCode(longest, all);
    uint32_t packets = uint32_t(code.size() / isa::kPacketWords);
    program.entries.push_back(
        {name, packet, packets, 3, longest, kInput, kLogits, all ? 0u : 1u});
    program.code.insert(program.code.end(), code.begin(), code.end());
    packet += packets;
  }
  return program;
}

//===----------------------------------------------------------------------===//
// Package
//===----------------------------------------------------------------------===//

/// Output channel c lives in port c mod P as row c div P.
std::vector<uint16_t> TinyModel::portImage(uint32_t port) const {
  std::vector<uint16_t> image(kRows * kRowValues, 0);
  for (uint32_t c = port; c < vocabulary; c += ports) {
    std::vector<uint16_t> row = paddedRow(weights, c);
    std::ranges::copy(row, image.begin() + c / ports * kRowValues);
  }
  return image;
}

static std::string portName(uint32_t port) {
  return "hbm/port0" + std::to_string(port) + ".bin";
}

Manifest TinyModel::manifest() const {
  Manifest manifest;
  manifest.toolVersion = "test";
  manifest.target = "tiny";
  manifest.model = "one matrix";
  manifest.weights = "fp16";
  manifest.hidden = hidden;
  manifest.vocabulary = vocabulary;
  manifest.context = context;
  manifest.layers = 1;
  manifest.program = "program.bin";
  manifest.embedding = "embedding.bin";
  manifest.ddr = "ddr.bin";
  if (!positions.empty())
    manifest.positions = "positions.bin";
  for (uint32_t port = 0; port < ports; ++port)
    manifest.ports.push_back(portName(port));
  return manifest;
}

void TinyModel::write(const std::filesystem::path &path, const Program &program,
                      const Manifest &manifest) const {
  PackageWriter writer(path);
  writer.addFile("program.bin").write(serializeProgram(program));
  writer.addFile("ddr.bin").write(std::vector<std::byte>(isa::kPacketBytes));
  writer.addFile("embedding.bin").write(std::as_bytes(std::span(embedding)));
  if (!positions.empty())
    writer.addFile("positions.bin").write(std::as_bytes(std::span(positions)));
  for (uint32_t port = 0; port < ports; ++port) {
    std::vector<uint16_t> image = portImage(port);
    writer.addFile(portName(port)).write(std::as_bytes(std::span(image)));
  }
  writer.finish(manifest);
}
