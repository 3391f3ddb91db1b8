//===- memory.cpp - The memories and their only owners --------------------===//
#include "memory.h"

namespace edgellm::kernels {

/// The activation buffer. It keeps what it holds from one run to the next.
/// Outside the function so that a test bench can look into it.
Packet activationBuffer[machine::kChipPackets];

/// One packet a cycle: nothing is written while packets are read, and the
/// requests' rules say that the client's FIFO has room. Packets that follow
/// each other become bursts.
static void serve(const ReadRequest &request, PacketStream &packets,
                  const Packet *memory) {
  if (request.stride == 1) {
  ReadBurst:
    for (Count i = 0; i < request.count; ++i) {
#pragma HLS PIPELINE II = 1
      packets.write(memory[request.address + i]);
    }
  } else {
    Address address = request.address;
  ReadStrided:
    for (Count i = 0; i < request.count; ++i) {
#pragma HLS PIPELINE II = 1
      packets.write(memory[address]);
      address += request.stride;
    }
  }
}

/// One packet a cycle: all of them are in the FIFO.
static void serve(const WriteRequest &request, PacketStream &packets,
                  Packet *memory) {
  if (request.stride == 1) {
  WriteBurst:
    for (Count i = 0; i < request.count; ++i) {
#pragma HLS PIPELINE II = 1
      memory[request.address + i] = packets.read();
    }
  } else {
    Address address = request.address;
  WriteStrided:
    for (Count i = 0; i < request.count; ++i) {
#pragma HLS PIPELINE II = 1
      memory[address] = packets.read();
      address += request.stride;
    }
  }
}

/// One round: a request of each client that has one. The function is fired
/// again only when it has ended, the responses of its writes included, so a
/// Done that a later round gives stands for packets that are there.
template <unsigned readers, unsigned writers>
static void serveRound(ReadRequestStream (&readRequests)[readers],
                       PacketStream (&read)[readers],
                       WriteRequestStream (&writeRequests)[writers],
                       PacketStream (&written)[writers],
                       DoneStream (&done)[writers], Packet *memory) {
#pragma HLS INLINE
Readers:
  for (unsigned i = 0; i < readers; ++i) {
#pragma HLS UNROLL
    if (!readRequests[i].empty())
      serve(readRequests[i].read(), read[i], memory);
  }
Writers:
  for (unsigned i = 0; i < writers; ++i) {
#pragma HLS UNROLL
    if (!writeRequests[i].empty()) {
      WriteRequest request = writeRequests[i].read();
      if (request.count == 0)
        done[i].write(1);
      else
        serve(request, written[i], memory);
    }
  }
}

void ddr(ReadRequestStream (&readRequests)[kDdrReaders],
         PacketStream (&read)[kDdrReaders],
         WriteRequestStream (&writeRequests)[kDdrWriters],
         PacketStream (&written)[kDdrWriters], DoneStream (&done)[kDdrWriters],
         Packet *memory) {
  serveRound(readRequests, read, writeRequests, written, done, memory);
}

void chip(ReadRequestStream (&readRequests)[kChipReaders],
          PacketStream (&read)[kChipReaders],
          WriteRequestStream (&writeRequests)[kChipWriters],
          PacketStream (&written)[kChipWriters],
          DoneStream (&done)[kChipWriters]) {
#pragma HLS BIND_STORAGE variable = activationBuffer type = ram_2p impl = uram
  serveRound(readRequests, read, writeRequests, written, done,
             activationBuffer);
}

//===----------------------------------------------------------------------===//
// HBM
//===----------------------------------------------------------------------===//

/// Where a packet of hbm lies.
static unsigned portOf(Address address) {
  return (address % machine::kPorts).to_uint();
}
static Count packetOf(Address address) { return address / machine::kPorts; }
static_assert((machine::kPorts & (machine::kPorts - 1)) == 0,
              "dealing takes bits of the address apart");

/// One packet a cycle: neighbours go to different ports, each of which takes
/// two cycles for a packet and has a FIFO.
static void deal(const WriteRequest &request, PacketStream &packets,
                 PortWriteStream (&ports)[machine::kPorts]) {
  Address address = request.address;
Deal:
  for (Count i = 0; i < request.count; ++i) {
#pragma HLS PIPELINE II = 1
    ports[portOf(address)].write({0, packetOf(address), packets.read()});
    address += request.stride;
  }
}

/// Returns when all that was dealt before has been written.
static void awaitPorts(PortWriteStream (&ports)[machine::kPorts],
                       DoneStream (&portDone)[machine::kPorts]) {
Ask:
  for (unsigned i = 0; i < machine::kPorts; ++i) {
#pragma HLS UNROLL
    ports[i].write({1, 0, 0});
  }
Await:
  for (unsigned i = 0; i < machine::kPorts; ++i) {
#pragma HLS UNROLL
    portDone[i].read();
  }
}

void cacheWriter(WriteRequestStream (&requests)[kHbmWriters],
                 PacketStream (&packets)[kHbmWriters],
                 DoneStream (&done)[kHbmWriters],
                 PortWriteStream (&ports)[machine::kPorts],
                 DoneStream (&portDone)[machine::kPorts]) {
Writers:
  for (unsigned i = 0; i < kHbmWriters; ++i) {
#pragma HLS UNROLL
    if (!requests[i].empty()) {
      WriteRequest request = requests[i].read();
      if (request.count > 0) {
        deal(request, packets[i], ports);
      } else {
        awaitPorts(ports, portDone);
        done[i].write(1);
      }
    }
  }
}

/// A firing ends when the write's response is there, so a Done, which is a
/// firing of its own, comes after it. The channel for reading belongs to the
/// DMA: the tokens of the program keep the two apart.
void portWriter(PortWriteStream &writes, DoneStream &done, PortWord *memory) {
  PortWrite write = writes.read();
  if (write.isEnd) {
    done.write(1);
    return;
  }
  constexpr unsigned words = Packet::width / PortWord::width;
Words:
  for (unsigned i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1
    memory[ap_uint<33>(write.packet) * words + i] =
        write.data.range(PortWord::width * (i + 1) - 1, PortWord::width * i);
  }
}

} // namespace edgellm::kernels
