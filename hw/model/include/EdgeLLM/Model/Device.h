//===- Device.h - The functional model of the accelerator -------*- C++ -*-===//
//
// Executes one kernel launch as the hardware does: fetches and decodes the
// instructions of an entry, resolves their affine fields, and computes every
// bit as hw/numerics.md defines it, on the packed images themselves.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_DEVICE_H
#define EDGELLM_MODEL_DEVICE_H

#include "EdgeLLM/ISA/Status.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edgellm::model {

class ThreadPool;

/// The arguments of the kernel. Buffers need no alignment, may have any size
/// (bytes past the last whole packet are not used) and must not overlap.
struct Launch {
  std::span<std::byte> program = {}; ///< program.bin; only read
  uint32_t entry = 0;                ///< packet of the first instruction
  std::span<std::byte> ddr = {};     ///< packet 0 receives the status
  uint32_t tokens = 0;               ///< new in this pass
  uint32_t past = 0;                 ///< already cached
  uint32_t sequence = 0;             ///< that the tokens belong to
  std::vector<std::span<std::byte>> hbm = {}; ///< one buffer a port
  std::span<std::byte> chip = {}; ///< the machine's activation buffer
};

/// Runs to the `end` of the entry or to the first error, and writes the status
/// packet either way. Whatever the program says, nothing outside the buffers is
/// read or written: each operand is checked as a whole before it is touched.
/// Packets that an entry may use are 1..ddr_packets-1 of the ddr buffer, the
/// first hbm_packets of each port and the first chip_packets of the activation
/// buffer, as its `begin` says; in the ports, weights before the KV memory and
/// that of the launch's sequence. No buffer is cleared before a run: as on a
/// card, the activation buffer holds what the run before left.
///
/// Instructions are executed one after the other, which gives what the units of
/// the machine give at the same time when the program's schedule is right
/// (ISA/Schedule.h). An instruction that takes a token which none before it has
/// put ends the run.
///
/// The result of an instruction may not overlap its other operands, except in
/// place: dst equal to src (softmax, rms_norm, layer_norm, rope, activation) or
/// to aux (vmm), with the same strides.
///
/// Returns false only when no status could be written: the ddr buffer is
/// smaller than a packet, or memory for intermediate results is exhausted.
/// Throws edgellm::Error when EDGELLM_MODEL_THREADS is not a thread count.
///
/// The result does not depend on the number of threads. Launches may run
/// concurrently on different buffers; their parallel parts take turns.
bool execute(const Launch &launch);

/// The same with a pool of the caller's.
bool execute(const Launch &launch, ThreadPool &pool);

} // namespace edgellm::model

#endif // EDGELLM_MODEL_DEVICE_H
