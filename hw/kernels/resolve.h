//===- resolve.h - From instructions to commands --------------------------===//
//
// What the sequencer does with an instruction before it hands it out: affine
// fields become numbers, and every operand is checked as the device model
// checks it, in the same order and with the same status. Whatever a program
// says, no process reads or writes outside the buffers.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_RESOLVE_H
#define EDGELLM_HW_KERNELS_RESOLVE_H

#include "EdgeLLM/ISA/StatusCode.h"
#include "types.h"

namespace edgellm::kernels {

using isa::StatusCode;

/// Why a run ends, as the status packet has it.
struct Fault {
  StatusCode code = StatusCode::ok;
  ap_uint<8> field = 0; ///< position in the instruction table, 0 for none
  ap_int<64> found = 0, limit = 0;
};

/// The request, and what `begin` makes of it.
struct Pass {
  ap_uint<32> tokens, past, sequence;
  ap_uint<32> maxTokens = 0, context = 0;
  Address ddrPackets = 0, chipPackets = 0;
  ap_uint<32> weightPackets = 0; ///< of each port, before the KV memory
  ap_uint<32> kvPackets = 0;     ///< of each port, for one sequence
};

// Each returns false and says why in `fault` when the run must end.
bool resolve(const isa::Begin &begin, Pass &pass, Fault &fault);
bool resolve(const isa::RmsNorm &norm, const Pass &pass, VectorCommand &command,
             Fault &fault);
bool resolve(const isa::LayerNorm &norm, const Pass &pass,
             VectorCommand &command, Fault &fault);
bool resolve(const isa::Softmax &softmax, const Pass &pass,
             VectorCommand &command, Fault &fault);
bool resolve(const isa::Rope &rope, const Pass &pass, VectorCommand &command,
             Fault &fault);
bool resolve(const isa::Activation &activation, const Pass &pass,
             VectorCommand &command, Fault &fault);
bool resolve(const isa::Vmm &vmm, const Pass &pass, ArrayCommand &command,
             Fault &fault);
bool resolve(const isa::AttentionScores &scores, const Pass &pass,
             ArrayCommand &command, Fault &fault);
bool resolve(const isa::AttentionValues &values, const Pass &pass,
             ArrayCommand &command, Fault &fault);

/// Position of a field in the table, counted from 1.
constexpr unsigned positionOf(isa::Opcode opcode, const char *name) {
  for (unsigned position = 1;; ++position) {
    const char *field = isa::fieldName(opcode, position);
    if (!field)
      return 0;
    unsigned i = 0;
    while (field[i] == name[i] && name[i])
      ++i;
    if (field[i] == name[i])
      return position;
  }
}

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_RESOLVE_H
