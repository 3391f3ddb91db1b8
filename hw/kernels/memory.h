//===- memory.h - The memories and their only owners ----------------------===//
#ifndef EDGELLM_HW_KERNELS_MEMORY_H
#define EDGELLM_HW_KERNELS_MEMORY_H

#include "types.h"

namespace edgellm::kernels {

/// Owns the ddr buffer. Serves each client that waits with one request in turn.
void ddr(ReadRequestStream (&readRequests)[kDdrReaders],
         PacketStream (&read)[kDdrReaders],
         WriteRequestStream (&writeRequests)[kDdrWriters],
         PacketStream (&written)[kDdrWriters], DoneStream (&done)[kDdrWriters],
         Packet *memory);

/// Owns the activation buffer on chip.
void chip(ReadRequestStream (&readRequests)[kChipReaders],
          PacketStream (&read)[kChipReaders],
          WriteRequestStream (&writeRequests)[kChipWriters],
          PacketStream (&written)[kChipWriters],
          DoneStream (&done)[kChipWriters]);

/// What the cache writer tells the writer of a port.
struct PortWrite {
  ap_uint<1> isEnd; ///< asks for a Done instead of writing
  Count packet;     ///< of the port
  Packet data;
};
using PortWriteStream = hls::stream<PortWrite, 16>;

/// Deals results in hbm over the ports.
void cacheWriter(WriteRequestStream (&requests)[kHbmWriters],
                 PacketStream (&packets)[kHbmWriters],
                 DoneStream (&done)[kHbmWriters],
                 PortWriteStream (&ports)[machine::kPorts],
                 DoneStream (&portDone)[machine::kPorts]);

/// Owns a port's channel for writing.
void portWriter(PortWriteStream &writes, DoneStream &done, PortWord *memory);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_MEMORY_H
