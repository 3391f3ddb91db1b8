//===- StatusCode.h - Why a run ended ---------------------------*- C++ -*-===//
//
// Apart from Status.h because the HLS kernels have no STL.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_STATUSCODE_H
#define EDGELLM_ISA_STATUSCODE_H

#include <cstdint>

namespace edgellm::isa {

enum class StatusCode : uint32_t {
  ok = 0,
  illegal_instruction = 1, ///< does not decode, or its fields contradict
  out_of_bounds = 2,       ///< an operand or buffer, in packets
  request_range = 3,       ///< a count that depends on the request
  no_end = 4,              ///< the program ran out, or into another entry
  overlap = 5,             ///< the result would overwrite another operand
  missing_token = 6,       ///< it would wait for a token for ever
};

} // namespace edgellm::isa

#endif // EDGELLM_ISA_STATUSCODE_H
