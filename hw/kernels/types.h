//===- types.h - What the processes of the kernel say to each other -------===//
//
// The kernel is a set of processes that share nothing and talk through streams:
//
//   sequencer ----> array, vector       commands, and completions back
//             ----> dma                 the streaming half of array commands
//   array, vector <--> ddr, chip        requests to the memories and packets
//   array, vector ----> cache writer    results in hbm
//   dma <--> the ports                  weights, keys and values
//   array, vector ----> each other, dma tokens (Instructions.td)
//
// A command is an instruction that the sequencer has decoded, resolved and
// checked: all packets it names exist and none is in its way. So nobody else
// has to check anything.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_TYPES_H
#define EDGELLM_HW_KERNELS_TYPES_H

#include "EdgeLLM/ISA/WeightStream.h"
#include "machine.h"

#include <ap_int.h>
#include <hls_stream.h>

namespace edgellm::kernels {

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// An FP16 pattern (N1).
using Half = ap_uint<16>;
/// 64 bytes: lane i is bits 16i .. 16i+15.
using Packet = ap_uint<512>;
/// What an HBM port delivers in a cycle; a packet is two, the lower half first.
using PortWord = ap_uint<256>;
/// The number of a packet in a memory, or a distance between packets. Sums and
/// products wrap, so that a distance may be negative.
using Address = ap_uint<40>;
using Count = ap_uint<32>;

constexpr unsigned kLanes = isa::kLanes;
static_assert(Packet::width == 8 * isa::kPacketBytes);
static_assert(Packet::width == kLanes * Half::width);
static_assert(PortWord::width == machine::kPortBits);

inline Half lane(const Packet &packet, unsigned i) {
  return packet.range(16 * i + 15, 16 * i);
}
inline void setLane(Packet &packet, unsigned i, Half value) {
  packet.range(16 * i + 15, 16 * i) = value;
}

/// Packets address, address + stride, ... of a memory. At most kRequestPackets,
/// and a client asks for no more than its FIFO of packets can take: a memory
/// never waits for a client, and so never makes one wait for another.
struct ReadRequest {
  Address address;
  Count count;
  Address stride;
};

/// The same for writing, sent after the packets: those are in the client's FIFO
/// already, and again the memory does not wait. A request of no packets is
/// answered with a Done when all before it are written.
struct WriteRequest {
  Address address;
  Count count;
  Address stride;
};

using Done = ap_uint<1>;

/// Of 512 bits, 512 are what the BRAMs of a FIFO hold that has any depth above
/// that of a shift register. Two requests fit: one is served while the client
/// works on the packets of the one before.
constexpr unsigned kPacketFifo = 512;
constexpr unsigned kRequestPackets = kPacketFifo / 2;

using PacketStream = hls::stream<Packet, kPacketFifo>;
using ReadRequestStream = hls::stream<ReadRequest, 2>;
using WriteRequestStream = hls::stream<WriteRequest, 2>;
using DoneStream = hls::stream<Done, 2>;

/// Who reads and writes which memory: positions in the arrays of streams that a
/// memory has for its clients.
enum DdrReader : unsigned {
  kDdrVectorSrc,
  kDdrVectorWeight,
  kDdrVectorBias,
  kDdrArraySrc,
  kDdrArrayAux,
  kDdrArrayBias,
  kDdrReaders
};
enum DdrWriter : unsigned {
  kDdrVectorDst,
  kDdrArrayDst,
  kDdrStatus,
  kDdrWriters
};
enum ChipReader : unsigned {
  kChipVectorSrc,
  kChipArraySrc,
  kChipArrayAux,
  kChipReaders
};
enum ChipWriter : unsigned { kChipVectorDst, kChipArrayDst, kChipWriters };
enum HbmWriter : unsigned { kHbmVectorDst, kHbmArrayDst, kHbmWriters };

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

/// Packets base + o*outer + n*inner + i*step of a space. In hbm they are dealt
/// over the ports, as Instructions.td has them, and lie in the KV memory of the
/// sequence that the pass works on.
struct Region {
  ap_uint<2> space; ///< isa::Space
  Address base;
  Address outer, inner, step;

  Address at(Count o, Count n, Count i) const {
    return base + o * outer + n * inner + i * step;
  }
};

/// One bit for each unit, as in isa::Set.
using Units = ap_uint<isa::kUnits>;

/// The tokens of a command; none that a process would give to itself.
struct Tokens {
  Units wait, follow, signal, lead;
};

/// A command without an instruction: only takes tokens, which are left when a
/// program ends early, and is not completed.
constexpr unsigned kNoInstruction = 0;

/// For the vector unit, which goes over strips of packets: outer * inner of
/// them, `length` packets each.
///
///   instruction   outer  inner        length         constants
///   rms_norm      heads  rows         head's blocks  weight
///   layer_norm    1      rows         blocks         weight, bias
///   softmax       heads  rows         column blocks
///   rope          heads  head_blocks  rows           table
///   activation    1      blocks       rows
struct VectorCommand {
  ap_uint<8> opcode; ///< isa::Opcode, or kNoInstruction
  Tokens tokens;
  Count outer, inner, length;
  Region src, dst;
  Region weight, bias;   ///< in ddr
  ap_uint<24> channels;  ///< layer_norm
  Count visible;         ///< softmax: of row 0
  float epsilon;         ///< rms_norm, layer_norm
  float inverseChannels; ///< rms_norm
  ap_uint<4> function;   ///< activation: isa::Function
};

/// For the array and for the DMA, each with its own tokens: the DMA has only
/// `wait`, which is stream_wait.
///
///   instruction       src             stream          dst
///   vmm               (0, block, row) weights         (0, block, row)
///   attention_scores  (head, block of it, row)  keys  (head, column block,
///   row) attention_values  (head, column block, row) values (head, block of
///   it, row)
///
/// are the indices (o, n, i) of the regions; keys and values have (kv head,
/// block of it, token).
struct ArrayCommand {
  ap_uint<8> opcode; ///< isa::Opcode, or kNoInstruction
  ap_uint<2> unit;   ///< isa::Unit whose tokens are meant
  Tokens tokens;
  Count rows, columns;
  ap_uint<16> heads, kvHeads;
  ap_uint<8> headBlocks;
  ap_uint<24> inChannels, outChannels;
  ap_uint<4> weightFormat, epilogue;
  ap_uint<1> hasBias, argmax;
  float scale;
  ap_uint<16> sliceRows;
  Address work;    ///< in the activation buffer
  Address weights; ///< packet in every port
  Region stream;   ///< keys or values
  Region src, dst;
  Region aux;  ///< (0, block, row)
  Region bias; ///< in ddr: (0, block, 0)
};

/// Sent when all results of a command are written; each process completes its
/// commands in their order.
struct Completion {
  ap_uint<1> hasArgmax;
  ap_uint<32> argmaxIndex;
  Half argmaxValue;
};

/// One token. A FIFO of them holds as many as the sequencer lets be underway.
using Token = ap_uint<1>;
constexpr unsigned kTokenDepth = 2 * isa::kWindow;
using TokenStream = hls::stream<Token, kTokenDepth>;

using VectorQueue = hls::stream<VectorCommand, isa::kWindow>;
using ArrayQueue = hls::stream<ArrayCommand, isa::kWindow>;
using CompletionStream = hls::stream<Completion, isa::kWindow>;

/// Token FIFOs between array and vector unit have one for each unit that the
/// array executes, numbered as in isa::Unit.
constexpr unsigned kArrayUnits = 2;
static_assert(unsigned(isa::Unit::matrix) == 0 &&
              unsigned(isa::Unit::attention) == 1);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_TYPES_H
