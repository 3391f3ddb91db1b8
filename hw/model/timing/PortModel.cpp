//===- PortModel.cpp - What one HBM port delivers -------------------------===//
#include "PortModel.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::model;

// In bytes and nanoseconds until the end.
PortModel::PortModel(const Target &target, unsigned burstsInFlight) {
  const Target::Timing &timing = target.timing;
  double axi = target.hbm.portBits / 8 * target.clocks.hbmMHz * 1e-3;
  double nominal = target.hbm.nominalBandwidth / target.hbm.ports * 1e-9;
  double dram = nominal * timing.streamEfficiency;

  double inFlight = double(burstsInFlight) * timing.burstBytes;
  double roundTrip = timing.hbmLatencyNs + timing.burstBytes / axi;
  double unlimited = std::min(axi, dram);
  double steady = std::min(unlimited, inFlight / roundTrip);

  double hidden = inFlight / steady - roundTrip;
  double lost = std::max(0.0, timing.refreshNs - std::max(0.0, hidden));
  double working = 1 - timing.refreshNs / timing.refreshIntervalNs;
  // However much is hidden, the DRAM cannot deliver more than in its working
  // time.
  double delivered =
      std::min(steady * (1 - lost / timing.refreshIntervalNs), dram * working);

  double cycleNs = 1e3 / target.clocks.coreMHz;
  peak = axi * cycleNs;
  rate = delivered * cycleNs;
  writeRate = std::min(axi, dram * working) * cycleNs;
  latency = timing.hbmLatencyNs / cycleNs;
  rowLoss = (1 / unlimited - 1 / axi) / cycleNs;
  burstLoss = (1 / steady - 1 / unlimited) / cycleNs;
  refreshLoss = (1 / delivered - 1 / steady) / cycleNs;
}
