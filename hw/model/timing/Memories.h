//===- Memories.h - HBM, DDR and activation buffer in time ------*- C++ -*-===//
#ifndef EDGELLM_MODEL_TIMING_MEMORIES_H
#define EDGELLM_MODEL_TIMING_MEMORIES_H

#include "Losses.h"
#include "PortModel.h"

#include <deque>

namespace edgellm::model {

/// The DMA's reads: tiles of weights, keys and values in program order, through
/// the weight buffer, which is a FIFO. All ports carry the same bytes, so sizes
/// are those of one port.
class StreamEngine {
public:
  StreamEngine(const Target &target, const PortModel &port,
               ArrayTimeline &array, LossLedger &losses);

  /// Reads a tile, no earlier than `earliest`, as soon as the buffer has room.
  /// Returns when its last byte is in the buffer.
  double deliver(const Moment &earliest, double bytes);
  /// The array is done with the tile delivered last.
  void release(double bytes, double time);

  double lastDelivered() const { return delivered; }
  /// Accounts for the time after the last byte.
  void finish(double end);

private:
  /// When the buffer has room for a tile. A tile larger than the buffer passes
  /// through it when it is empty.
  double makeRoom(double bytes);
  void account(const Moment &earliest, double room, double first);

  struct Tile {
    double bytes, freed;
  };
  const PortModel &port;
  ArrayTimeline &array;
  LossLedger &losses;
  double capacity, occupied = 0, delivered = 0, room = 0;
  std::deque<Tile> tiles;
};

/// The port of the DDR, or, on machines without, one HBM port. The array's
/// units and the vector unit each have half of its time, in fixed turns, and
/// use it in program order: a schedule known beforehand, in which nothing that
/// comes later delays what comes first. What the sequencer reads (instructions
/// and constants) is less than a hundredth and goes first.
class Ddr {
public:
  enum Client { array, vector, sequencer };
  Ddr(const Target &target, const PortModel &port);

  /// When the last byte has been read.
  double read(Client client, double earliest, double bytes);
  /// When the last byte is written. A write takes its share of the port at
  /// once, but later reads do not wait until its data is there.
  double write(Client client, double earliest, double bytes);

  double rate = 0;    ///< bytes a core cycle, of the whole port
  double latency = 0; ///< core cycles
  double bytes = 0;   ///< transferred so far

  double rateOf(Client client) const {
    return client == sequencer ? rate : rate / 2;
  }

private:
  double free[3] = {}, written[3] = {};
};

/// Writes of keys and values. They take the AXI write channels, not the beats
/// of the stream.
class HbmWriter {
public:
  explicit HbmWriter(const PortModel &port) : port(port) {}
  /// When the last byte of the fullest port is written.
  double write(double earliest, double portBytes) {
    free = std::max(free, earliest) + portBytes / port.writeRate;
    return free + port.latency;
  }

private:
  const PortModel &port;
  double free = 0;
};

/// For each packet of the activation buffer, when it was written last and by
/// what. Only passes of one token chain, so only their packets are kept.
class ActivationBuffer {
public:
  explicit ActivationBuffer(uint64_t packets) : written(packets) {}
  /// Throws Error outside the buffer.
  Moment &at(int64_t packet);

private:
  std::vector<Moment> written;
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_MEMORIES_H
