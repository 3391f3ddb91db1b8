//===- XclbinReader.h - What the driver takes from an xclbin ----*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_XCLBINREADER_H
#define EDGELLM_HW_MODEL_XRT_XCLBINREADER_H

#include "ModelBitstream.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

struct axlf;

namespace edgellm::driver {

using Uuid = std::array<unsigned char, 16>;

/// A range of device addresses behind one memory.
struct BankLayout {
  std::string tag; ///< "HBM[3]"
  uint64_t address = 0, bytes = 0;
};

/// An xclbin as the device model sees it; nothing points into the file.
struct Xclbin {
  Uuid uuid{};
  std::string platform;
  std::vector<BankLayout> banks; ///< the index is XRT's bank number
  unsigned clockMHz = 0;
  ModelBitstream bitstream;
};

/// Throws Error unless the bytes, aligned to 8, are an xclbin whose sections
/// lie in them, hold as many entries as they say and name only entries that
/// exist: XRT itself believes all of that. For any accelerator.
void checkXclbin(std::span<const std::byte> file);

/// Reads an xclbin. Throws Error when sections leave the file, counts do not
/// fit their section, banks overlap, the kernel is not ours or the bitstream is
/// not one of the device model. XRT hands over no length, so the file's own
/// m_length is believed.
Xclbin readXclbin(const axlf &file);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_XCLBINREADER_H
