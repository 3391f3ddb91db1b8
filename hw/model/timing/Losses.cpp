//===- Losses.cpp - Why the HBM was not busy ------------------------------===//
#include "Losses.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::model;

void ArrayTimeline::append(double end, Cause cause) {
  if (!segments.empty() && segments.back().cause == cause)
    segments.back().end = end;
  else
    segments.push_back({end, cause});
}

void ArrayTimeline::work(double busy, const Moment &end,
                         std::string_view mnemonic) {
  double begin = end.time - busy;
  if (begin > free())
    append(begin, end.cause);
  append(end.time, {Cause::Kind::work, mnemonic});
}

static std::string waitsFor(Cause cause) {
  switch (cause.kind) {
  case Cause::Kind::none:
    return "has nothing left to do";
  case Cause::Kind::startUp:
    return "waits for the first instruction";
  case Cause::Kind::issue:
    return "waits for the sequencer";
  case Cause::Kind::window:
    return "waits for an instruction out of the window";
  case Cause::Kind::unit:
    return "waits for its unit";
  case Cause::Kind::noOverlap:
    return "waits for the instruction before (no overlap)";
  case Cause::Kind::noLookahead:
    return "waits for the instruction before (no lookahead)";
  case Cause::Kind::noPrefetch:
    return "waits for its instruction to start (no prefetch)";
  case Cause::Kind::instruction:
    return "waits for " + std::string(cause.mnemonic);
  case Cause::Kind::weights:
    return "waits for weights";
  case Cause::Kind::ddr:
    return "waits for DDR";
  case Cause::Kind::work:
    return "works on " + std::string(cause.mnemonic);
  }
  return "";
}

static std::string textOf(LossLedger::Situation situation, Cause cause) {
  switch (situation) {
  case LossLedger::Situation::port:
    return "port: " + std::string(cause.mnemonic);
  case LossLedger::Situation::stream:
    return "stream " + waitsFor(cause);
  case LossLedger::Situation::bufferFull:
    return "weight buffer full, array " + waitsFor(cause);
  case LossLedger::Situation::tail:
    return "all weights read, array " + waitsFor(cause);
  }
  return "";
}

std::vector<Loss> LossLedger::losses() const {
  std::vector<Loss> result;
  for (const auto &[key, cycles] : cyclesOf)
    if (cycles >= 1e-3)
      result.push_back({textOf(key.first, key.second), cycles});
  std::ranges::sort(result, std::greater(), &Loss::cycles);
  return result;
}
