//===- vector.h - Normalisation, rotation, softmax, activation ------------===//
#ifndef EDGELLM_HW_KERNELS_VECTOR_H
#define EDGELLM_HW_KERNELS_VECTOR_H

#include "types.h"

namespace edgellm::kernels {

/// The vector unit. It executes one command after the other and starts none
/// before all results of the last are written. `follow` counts as `wait`: chain
/// tokens are put when a command has ended, and results cannot differ.
void vectorUnit(VectorQueue &commands, CompletionStream &completions,
                // Tokens of the array's units, and for them and the DMA.
                TokenStream (&tokens)[kArrayUnits],
                TokenStream (&chains)[kArrayUnits],
                TokenStream (&tokensOut)[kArrayUnits],
                TokenStream (&chainsOut)[kArrayUnits], TokenStream &tokensToDma,
                // src
                ReadRequestStream &ddrRequests, PacketStream &ddrPackets,
                ReadRequestStream &chipRequests, PacketStream &chipPackets,
                // weight, bias
                ReadRequestStream &weightRequests, PacketStream &weightPackets,
                ReadRequestStream &biasRequests, PacketStream &biasPackets,
                // dst
                PacketStream &ddrResults, WriteRequestStream &ddrWrites,
                DoneStream &ddrDone, PacketStream &chipResults,
                WriteRequestStream &chipWrites, DoneStream &chipDone,
                PacketStream &hbmResults, WriteRequestStream &hbmWrites,
                DoneStream &hbmDone);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_VECTOR_H
