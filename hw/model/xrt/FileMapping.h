//===- FileMapping.h - A buffer of the device model from a file -*- C++ -*-===//
//
// What the device model's XRT driver has beyond XRT's functions: a host may let
// a buffer's device side be the pages of a file, instead of copying the file
// through the host side. Weights are then in memory once, shared by all
// processes, and loading them takes the time of checking them.
//
// The driver is loaded by XRT, so a host finds the function by its name:
//
//   void *driver = dlopen(kDriverLibrary, RTLD_NOLOAD | RTLD_LAZY);
//   auto *map = reinterpret_cast<MapFile *>(dlsym(driver, kMapFileSymbol));
//
// and goes the ordinary way where there is none, as with a card's driver.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_MODEL_XRT_FILEMAPPING_H
#define EDGELLM_HW_MODEL_XRT_FILEMAPPING_H

#include <cstdint>

namespace edgellm::driver {

inline constexpr char kDriverLibrary[] = "libxrt_core.so.2";
inline constexpr char kMapFileSymbol[] = "xclEdgeLLMMapFile";

/// Makes the buffer that begins at a device address begin with `bytes` bytes of
/// an open file. The rest of it reads as zeros up to the next page and is left
/// alone from there on. What the device writes does not reach the file; a
/// change of the file may reach the device. 0, or -EINVAL when no buffer of
/// that size begins there or the file cannot be mapped: nothing has changed
/// then.
using MapFile = int(uint64_t address, int file, uint64_t bytes);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_FILEMAPPING_H
