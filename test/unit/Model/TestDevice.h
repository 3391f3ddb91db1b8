//===- TestDevice.h - A small device to run programs on ---------*- C++ -*-===//
//
// Holds the buffers of a launch, lays matrices out in them by the definitions
// of the unified and the weight formats, and runs programs with several thread
// counts, which must agree in every byte.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_TEST_UNIT_MODEL_TESTDEVICE_H
#define EDGELLM_TEST_UNIT_MODEL_TESTDEVICE_H

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Model/ThreadPool.h"
#include "Values.h"
#include <cstring>
#include <gtest/gtest.h>

namespace edgellm::test {

inline isa::Affine constant(int64_t value) {
  return {value, 0, isa::Request::zero};
}
inline isa::Affine times(isa::Request request, int64_t factor = 1,
                         int64_t offset = 0) {
  return {offset, factor, request};
}

inline int64_t blocksOf(int64_t channels) { return (channels + 31) / 32; }

/// FP16 numbers, row by row.
struct Matrix {
  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), halves(rows * columns) {}

  uint16_t &at(int64_t row, int64_t column) {
    return halves[row * columns + column];
  }
  std::span<const uint16_t> row(int64_t index) const {
    return std::span(halves).subspan(index * columns, columns);
  }

  int64_t rows, columns;
  std::vector<uint16_t> halves;
};

/// Random numbers in the first `columns` columns of whole packets, zeros after.
inline Matrix randomMatrix(Values &values, int64_t rows, int64_t columns) {
  Matrix matrix(rows, 32 * blocksOf(columns));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      matrix.at(r, c) = values.either();
  return matrix;
}

class TestDevice {
public:
  static constexpr int64_t kChipPackets = 4096;

  TestDevice(int64_t ports, int64_t ddrPackets, int64_t hbmPackets,
             int64_t chipPackets = kChipPackets)
      : ddr(ddrPackets * 64),
        hbm(ports, std::vector<std::byte>(hbmPackets * 64)),
        chip(chipPackets * 64), begin{.max_tokens = 64,
                                      .context = 1024,
                                      .ddr_packets = ddrPackets,
                                      .hbm_packets = hbmPackets,
                                      .chip_packets = chipPackets,
                                      .sequences = 1} {}

  /// Makes the packets of each port from `first` on KV memory, for weights
  /// those before are left.
  void setFirstCachePacket(int64_t first) {
    begin.sequence_packets = begin.hbm_packets - first;
  }

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  /// Fills everything with arbitrary bits, so that what is not written shows.
  void scramble(Values &values) {
    auto fill = [&](std::vector<std::byte> &bytes) {
      for (size_t i = 0; i < bytes.size(); i += 4) {
        uint32_t word = values.bits();
        std::memcpy(&bytes[i], &word, sizeof word);
      }
    };
    fill(ddr);
    fill(chip);
    for (auto &port : hbm)
      fill(port);
  }

  std::byte *packet(isa::Space space, int64_t index) {
    if (space == isa::Space::ddr)
      return &ddr.at(index * 64);
    if (space == isa::Space::chip)
      return &chip.at(index * 64);
    int64_t ports = int64_t(hbm.size());
    return &hbm[index % ports].at(index / ports * 64);
  }

  void write(isa::Space space, int64_t base, int64_t stride,
             const Matrix &matrix) {
    for (int64_t r = 0; r < matrix.rows; ++r)
      for (int64_t b = 0; b < matrix.columns / 32; ++b)
        std::memcpy(packet(space, base + b * stride + r),
                    matrix.row(r).data() + 32 * b, 64);
  }

  Matrix read(isa::Space space, int64_t base, int64_t stride, int64_t rows,
              int64_t columns) {
    Matrix matrix(rows, 32 * blocksOf(columns));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t b = 0; b < matrix.columns / 32; ++b)
        std::memcpy(&matrix.at(r, 32 * b), packet(space, base + b * stride + r),
                    64);
    return matrix;
  }

  void writeDdr(int64_t base, int64_t stride, const Matrix &matrix) {
    write(isa::Space::ddr, base, stride, matrix);
  }
  Matrix readDdr(int64_t base, int64_t stride, int64_t rows, int64_t columns) {
    return read(isa::Space::ddr, base, stride, rows, columns);
  }

  //===--------------------------------------------------------------------===//
  // Programs
  //===--------------------------------------------------------------------===//

  template <typename Instruction> void append(const Instruction &instruction) {
    uint64_t words[Instruction::words];
    isa::DecodeError error;
    ASSERT_TRUE(isa::encode(instruction, words, error)) << error.field;
    auto bytes = reinterpret_cast<const std::byte *>(words);
    program.insert(program.end(), bytes, bytes + sizeof words);
  }

  /// begin, the instructions, end.
  template <typename... Instructions>
  isa::Status run(uint32_t tokens, uint32_t past,
                  const Instructions &...instructions) {
    program.clear();
    append(begin);
    (append(instructions), ...);
    append(isa::End{});
    return launch(tokens, past);
  }

  /// Runs `program` with one, two and three threads on copies of the memory.
  isa::Status launch(uint32_t tokens, uint32_t past, uint32_t entry = 0) {
    auto ddrBefore = ddr;
    auto hbmBefore = hbm;
    auto chipBefore = chip;
    launchOn(pool(1), tokens, past, entry);
    auto ddrAfter = ddr;
    auto hbmAfter = hbm;
    auto chipAfter = chip;
    for (unsigned threads : {2u, 3u}) {
      ddr = ddrBefore;
      hbm = hbmBefore;
      chip = chipBefore;
      launchOn(pool(threads), tokens, past, entry);
      EXPECT_TRUE(ddr == ddrAfter) << threads << " threads";
      EXPECT_TRUE(hbm == hbmAfter) << threads << " threads";
      EXPECT_TRUE(chip == chipAfter) << threads << " threads";
    }
    return status();
  }

  /// The arguments of a run of `program` on these buffers.
  model::Launch launchOf(uint32_t tokens, uint32_t past, uint32_t entry = 0) {
    model::Launch launch{program, entry, ddr, tokens, past, sequence, {}, chip};
    launch.hbm.assign(hbm.begin(), hbm.end());
    return launch;
  }

  isa::Status status() {
    return isa::readStatus(
        std::span<const std::byte>(ddr).first<isa::kStatusBytes>());
  }

  static model::ThreadPool &pool(unsigned threads) {
    static model::ThreadPool pools[] = {
        model::ThreadPool(1), model::ThreadPool(2), model::ThreadPool(3)};
    return pools[threads - 1];
  }

  std::vector<std::byte> ddr;
  std::vector<std::vector<std::byte>> hbm;
  std::vector<std::byte> chip;
  std::vector<std::byte> program;
  isa::Begin begin;
  uint32_t sequence = 0; ///< of the launches

private:
  void launchOn(model::ThreadPool &pool, uint32_t tokens, uint32_t past,
                uint32_t entry) {
    EXPECT_TRUE(model::execute(launchOf(tokens, past, entry), pool));
  }
};

/// Expects a run without error; prints the reason otherwise.
#define EXPECT_COMPLETED(device, ...)                                          \
  do {                                                                         \
    isa::Status result = (__VA_ARGS__);                                        \
    EXPECT_EQ(result.code, isa::StatusCode::ok)                                \
        << isa::describe(result, (device).program);                            \
  } while (false)

/// Expects that nothing outside some packets of the ddr buffer changes: array
/// instructions compute the same whether their slices pass through the
/// activation buffer or not, so the model leaves it alone.
class UnchangedOutside {
public:
  explicit UnchangedOutside(TestDevice &device)
      : device(device), ddr(device.ddr), chip(device.chip), hbm(device.hbm) {
    allow(0, 1, 1, 1); // the status packet
  }
  void allow(int64_t base, int64_t stride, int64_t rows, int64_t blocks) {
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t r = 0; r < rows; ++r)
        std::memcpy(&ddr[(base + b * stride + r) * 64], kAny, 64),
            allowed.push_back(base + b * stride + r);
  }
  void allowHbm() { hbm.clear(); }
  void expect() {
    auto now = device.ddr;
    for (int64_t packet : allowed)
      std::memcpy(&now[packet * 64], kAny, 64);
    EXPECT_TRUE(now == ddr);
    EXPECT_TRUE(device.chip == chip);
    EXPECT_TRUE(hbm.empty() || hbm == device.hbm);
  }

private:
  static constexpr char kAny[64] = {};
  TestDevice &device;
  std::vector<std::byte> ddr, chip;
  std::vector<std::vector<std::byte>> hbm;
  std::vector<int64_t> allowed;
};

} // namespace edgellm::test

#endif // EDGELLM_TEST_UNIT_MODEL_TESTDEVICE_H
