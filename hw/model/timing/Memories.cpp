//===- Memories.cpp - HBM, DDR and activation buffer in time --------------===//
#include "Memories.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::model;

//===----------------------------------------------------------------------===//
// Stream
//===----------------------------------------------------------------------===//

StreamEngine::StreamEngine(const Target &target, const PortModel &port,
                           ArrayTimeline &array, LossLedger &losses)
    : port(port), array(array), losses(losses),
      capacity(double(target.buffers.weightBits / 8) / target.hbm.ports) {}

double StreamEngine::makeRoom(double bytes) {
  while (!tiles.empty() && occupied + bytes > capacity) {
    room = std::max(room, tiles.front().freed);
    occupied -= tiles.front().bytes;
    tiles.pop_front();
  }
  return room;
}

void StreamEngine::account(const Moment &earliest, double room, double first) {
  using Situation = LossLedger::Situation;
  double gap = first - delivered;
  if (gap <= 0)
    return;
  if (room <= earliest.time) {
    losses.add(Situation::stream, earliest.cause, gap);
    return;
  }
  // The port misses at `first` what it could not ask for a round trip before.
  array.between(delivered - port.latency, room,
                [&](Cause cause, double cycles) {
                  losses.add(Situation::bufferFull, cause, cycles);
                });
}

double StreamEngine::deliver(const Moment &earliest, double bytes) {
  double room = makeRoom(bytes);
  double request = std::max(earliest.time, room);
  double first = std::max(delivered, request + port.latency);
  account(earliest, room, first);
  delivered = first + bytes / port.rate;
  losses.addPort("changes of rows and banks", bytes * port.rowLoss);
  losses.addPort("too few bursts in flight", bytes * port.burstLoss);
  losses.addPort("refresh", bytes * port.refreshLoss);
  return delivered;
}

void StreamEngine::release(double bytes, double time) {
  tiles.push_back({bytes, time});
  occupied += bytes;
}

void StreamEngine::finish(double end) {
  array.between(delivered, end, [&](Cause cause, double cycles) {
    losses.add(LossLedger::Situation::tail, cause, cycles);
  });
}

//===----------------------------------------------------------------------===//
// DDR and activation buffer
//===----------------------------------------------------------------------===//

Ddr::Ddr(const Target &target, const PortModel &port) {
  double cyclesPerSecond = target.clocks.coreMHz * 1e6;
  rate = target.ddr ? target.ddr->bandwidth / cyclesPerSecond : port.writeRate;
  latency = target.timing.ddrLatencyNs * 1e-9 * cyclesPerSecond;
}

double Ddr::read(Client client, double earliest, double count) {
  bytes += count;
  free[client] = std::max(free[client], earliest) + count / rateOf(client);
  return free[client] + latency;
}

double Ddr::write(Client client, double earliest, double count) {
  bytes += count;
  double cycles = count / rateOf(client);
  double begin = std::max({free[client], written[client], earliest});
  written[client] = begin + cycles;
  free[client] += cycles;
  return written[client] + latency;
}

Moment &ActivationBuffer::at(int64_t packet) {
  if (packet < 0 || uint64_t(packet) >= written.size())
    fail("the program uses packet ", packet,
         " of the activation buffer, its header says ", written.size());
  return written[size_t(packet)];
}
