//===- sequencer.h - Fetches, decodes and issues a pass -------------------===//
#ifndef EDGELLM_HW_KERNELS_SEQUENCER_H
#define EDGELLM_HW_KERNELS_SEQUENCER_H

#include "types.h"

namespace edgellm::kernels {

/// Runs the entry at packet `entry` of the program and returns when the status
/// packet is written. The arguments are the kernel's.
///
/// It reads from the program what an entry says, up to the first instruction
/// that it refuses; where the buffer ends, only the host knows.
void sequencer(const Packet *program, ap_uint<32> entry, ap_uint<32> tokens,
               ap_uint<32> past, ap_uint<32> sequence, VectorQueue &vectorQueue,
               ArrayQueue &arrayQueue, ArrayQueue &dmaQueue,
               CompletionStream &vectorCompletions,
               CompletionStream &arrayCompletions, PacketStream &statusPackets,
               WriteRequestStream &statusWrites, DoneStream &statusDone);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_SEQUENCER_H
