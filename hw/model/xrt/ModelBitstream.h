//===- ModelBitstream.h - What stands for the bitstream ---------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_MODELBITSTREAM_H
#define EDGELLM_HW_MODEL_XRT_MODELBITSTREAM_H

#include <cstdint>
#include <string>
#include <string_view>

namespace edgellm::driver {

/// The BITSTREAM section of an xclbin for the device model: a few lines of text
/// with what a real bitstream would have built in.
struct ModelBitstream {
  std::string target;
  unsigned ports = 0;       ///< HBM ports of the kernel
  uint64_t chipPackets = 0; ///< of the activation buffer on chip
  uint64_t tableHash = 0;   ///< of the instruction table, isa::kTableHash
};

std::string formatBitstream(const ModelBitstream &bitstream);

/// Throws Error for anything formatBitstream does not write, such as the
/// bitstream of a card.
ModelBitstream parseBitstream(std::string_view text);

/// A hash as messages and bitstreams show it: 0x and 16 digits.
std::string hexadecimal(uint64_t value);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_MODELBITSTREAM_H
