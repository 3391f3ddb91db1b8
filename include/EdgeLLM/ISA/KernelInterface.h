//===- KernelInterface.h - The accelerator as XRT sees it -------*- C++ -*-===//
//
// Name, arguments and registers of the kernel. The xclbin's metadata, the
// device model's driver and the runtime all read them here.
//
// One xrt::run executes one pass of a program (prefill or decode). Between
// passes only `entry`, `tokens`, `past` and `sequence` change.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_KERNELINTERFACE_H
#define EDGELLM_ISA_KERNELINTERFACE_H

#include <cstdint>
#include <string>

namespace edgellm::kernel {

inline constexpr char kName[] = "edgellm";
inline constexpr char kInstance[] = "edgellm_1";

/// Positions in the argument list. Argument kFirstPort + p is the buffer of HBM
/// port p, which must lie in bank HBM[p].
enum Argument : unsigned {
  kProgram,  ///< buffer: the whole program.bin
  kEntry,    ///< u32: packet of the first instruction, from the program's start
  kDdr,      ///< buffer: packet 0 is the status packet
  kTokens,   ///< u32: new tokens of this pass
  kPast,     ///< u32: tokens already in the KV cache of the sequence
  kSequence, ///< u32: the sequence that the tokens belong to
  kFirstPort, ///< buffers, one an HBM port
};

constexpr unsigned argumentCount(unsigned ports) { return kFirstPort + ports; }

/// Buffers are passed as 64-bit device addresses, everything else as u32.
constexpr bool isBuffer(unsigned argument) {
  return argument != kEntry && argument != kTokens && argument != kPast &&
         argument != kSequence;
}

/// Buffers start at whole packets of the device's address space.
inline constexpr uint64_t kBufferAlignment = 64;

/// "program", "entry", "ddr", "tokens", "past", "sequence", "hbm00", ...
inline std::string argumentName(unsigned argument) {
  constexpr const char *kNames[] = {"program", "entry", "ddr",
                                    "tokens",  "past",  "sequence"};
  if (argument < kFirstPort)
    return kNames[argument];
  unsigned port = argument - kFirstPort;
  return std::string("hbm") + char('0' + port / 10) + char('0' + port % 10);
}

//===----------------------------------------------------------------------===//
// Registers: byte offsets in the kernel's AXI-Lite space, 32 bit each
//===----------------------------------------------------------------------===//

/// AP_CTRL of the ap_ctrl_hs protocol.
inline constexpr uint32_t kControl = 0x00;
inline constexpr uint32_t kControlStart = 1; ///< write: start; read: running
inline constexpr uint32_t kControlDone = 2;  ///< cleared by reading
inline constexpr uint32_t kControlIdle = 4;

/// The hash of the instruction table (isa::kTableHash) that the accelerator
/// was built from; read-only.
inline constexpr uint32_t kIdentityLow = 0x10;
inline constexpr uint32_t kIdentityHigh = 0x14;

/// Each argument has a slot of 8 bytes and 4 unused ones after it.
inline constexpr uint32_t kFirstArgument = 0x20;
inline constexpr uint32_t kArgumentStride = 12;
constexpr uint32_t argumentOffset(unsigned argument) {
  return kFirstArgument + argument * kArgumentStride;
}

/// Size of the register space.
inline constexpr uint32_t kRegisterBytes = 0x1000;

//===----------------------------------------------------------------------===//
// Banks
//===----------------------------------------------------------------------===//

/// Index of a bank in the xclbin's memory topology: the HBM ports first, then
/// the DDR when the target has one.
constexpr unsigned hbmBank(unsigned port) { return port; }
constexpr unsigned ddrBank(unsigned ports) { return ports; }

} // namespace edgellm::kernel

#endif // EDGELLM_ISA_KERNELINTERFACE_H
