//===- Twin.h - The same program on kernels and device model ----*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_KERNELS_TWIN_H
#define EDGELLM_TEST_UNIT_KERNELS_TWIN_H

#include "../Model/DeviceErrors.h"
#include "csim/Engine.h"
#include "machine.h"

namespace edgellm::test {

/// A device of target tiny. Whatever it runs, the kernels run too, on a copy of
/// its memory, and must leave the same: status, ddr, hbm and, where the model
/// has them, the packets of the activation buffer.
class Twin : public TestDevice {
public:
  Twin(int64_t ddrPackets, int64_t hbmPackets)
      : TestDevice(machine::kPorts, ddrPackets, hbmPackets,
                   machine::kChipPackets) {}

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

  isa::Status launch(uint32_t tokens, uint32_t past, uint32_t entry = 0) {
    TestDevice kernels = *this;
    EXPECT_TRUE(model::execute(launchOf(tokens, past, entry), pool(1)));
    if (status().code == isa::StatusCode::ok && usesArray(entry))
      return status();
    EXPECT_TRUE(kernels::execute(kernels.launchOf(tokens, past, entry)));
    std::string expected = isa::describe(status(), program);
    EXPECT_EQ(isa::describe(kernels.status(), program), expected);
    EXPECT_TRUE(kernels.ddr == ddr) << firstDifference(kernels.ddr, ddr);
    EXPECT_TRUE(kernels.chip == chip) << firstDifference(kernels.chip, chip);
    for (size_t port = 0; port < hbm.size(); ++port)
      EXPECT_TRUE(kernels.hbm[port] == hbm[port])
          << "port " << port << ' '
          << firstDifference(kernels.hbm[port], hbm[port]);
    return status();
  }

private:
  /// The kernels have no array yet, so programs for it are compared only when
  /// they are refused.
  bool usesArray(uint32_t entry) {
    bool found = false;
    isa::DecodeError error;
    auto words = reinterpret_cast<const uint64_t *>(program.data());
    for (size_t at = entry * 8, all = program.size() / 8; at < all;)
      at += isa::decodeAndApply(
          words + at, all - at,
          [&](const auto &instruction) {
            if constexpr (requires { instruction.stream_wait; })
              found = true;
          },
          error);
    return found;
  }
  static std::string firstDifference(const std::vector<std::byte> &kernels,
                                     const std::vector<std::byte> &model) {
    size_t at = 0;
    while (at < model.size() && kernels[at] == model[at])
      ++at;
    return "packet " + std::to_string(at / isa::kPacketBytes) + ", lane " +
           std::to_string(at / 2 % isa::kLanes);
  }
};

} // namespace edgellm::test

#endif // EDGELLM_TEST_UNIT_KERNELS_TWIN_H
