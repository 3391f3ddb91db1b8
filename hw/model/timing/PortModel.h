//===- PortModel.h - What one HBM port delivers -----------------*- C++ -*-===//
//
// A port reads a sequential stream as bursts, a fixed number of them in flight.
// Three things bound its rate: the AXI side (width x clock), the bytes in
// flight over the round trip of a burst, and the DRAM behind it (its nominal
// rate less changes of rows and banks). A refresh then stops the DRAM; bytes in
// flight beyond what the round trip needs go on arriving meanwhile and hide
// that much of it. Formulas and sources: hw/timing.md.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_TIMING_PORTMODEL_H
#define EDGELLM_MODEL_TIMING_PORTMODEL_H

#include "EdgeLLM/Target/Target.h"

namespace edgellm::model {

/// Rates in bytes a core cycle, times in core cycles, of one port.
struct PortModel {
  PortModel(const Target &target, unsigned burstsInFlight);

  double peak = 0;      ///< a word each cycle of the HBM clock
  double rate = 0;      ///< of a long stream, all losses included
  double writeRate = 0; ///< of the write channels
  double latency = 0;   ///< from a request to its first byte

  /// 1 / rate - 1 / peak, by cause: cycles a byte.
  double rowLoss = 0;     ///< DRAM slower than the port, rows and banks
  double burstLoss = 0;   ///< too few bytes in flight
  double refreshLoss = 0; ///< refreshes that are not hidden
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_PORTMODEL_H
