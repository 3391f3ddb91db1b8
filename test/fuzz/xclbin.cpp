//===- xclbin.cpp - Accelerator binaries as the driver reads them ---------===//
#include "Fuzzing.h"
#include "XclbinReader.h"

#include <cstring>
#include <memory>
#include <xclbin.h>

using namespace edgellm;

/// The driver sees no length but the one in the file, which XRT has compared
/// with what it read. The file then has just these bytes.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  axlf header;
  if (size < sizeof header)
    return 0;
  std::memcpy(&header, data, sizeof header);
  if (header.m_header.m_length > size)
    return 0;
  size_t length = std::max<size_t>(header.m_header.m_length, sizeof header);
  std::unique_ptr<std::byte[]> file(new std::byte[length]);
  std::memcpy(file.get(), data, length);
  fuzz::mayFail(
      [&] { driver::readXclbin(*reinterpret_cast<axlf *>(file.get())); });
  return 0;
}
