//===- Machine.cpp - What instructions share while they are timed ---------===//
#include "Machine.h"

using namespace edgellm;
using namespace edgellm::model;

TimedMachine::TimedMachine(const Program &program, const Target &target,
                           uint32_t tokens, uint32_t past,
                           const TimingOptions &options)
    : target(target), tokens(tokens), past(past), options(options),
      port(target, options.deepBursts
                       ? target.timing.burstsInFlight
                       : target.timing.unpipelinedBurstsInFlight),
      stream(target, port, array, losses), ddr(target, port), hbmWriter(port),
      chip(program.chipPackets) {}

Reader Reader::fromDdr(TimedMachine &machine, Run &run, Ddr::Client client,
                       double earliest, int64_t packets) {
  Reader reader(machine);
  uint64_t bytes = uint64_t(packets) * isa::kPacketBytes;
  run.ddrBytes += bytes;
  reader.isDdr = true;
  reader.last = {machine.ddr.read(client, earliest, double(bytes)),
                 {Cause::Kind::ddr}};
  reader.cyclesAPacket = isa::kPacketBytes / machine.ddr.rateOf(client);
  reader.packets = packets;
  return reader;
}

Moment Reader::packet(int64_t index, int64_t packet) const {
  if (!isDdr)
    return machine->chip.at(packet);
  return last.after(-cyclesAPacket * double(packets - 1 - index));
}

void Writer::write(double time, int64_t packet, int64_t rows, int64_t blocks) {
  uint64_t bytes = uint64_t(rows * blocks) * isa::kPacketBytes;
  Moment done{time, {Cause::Kind::work, run.mnemonic}};
  switch (space) {
  case isa::Space::ddr:
    run.ddrBytes += bytes;
    done = {machine.ddr.write(client, time, double(bytes)), {Cause::Kind::ddr}};
    break;
  case isa::Space::hbm: {
    // Neighbouring rows lie in neighbouring ports, blocks anywhere.
    int64_t fullest = ceilDivide(rows, machine.target.hbm.ports) * blocks;
    run.hbmWriteBytes += bytes;
    done.time =
        machine.hbmWriter.write(time, double(fullest * isa::kPacketBytes));
    break;
  }
  case isa::Space::chip:
    if (rows == 1 && blocks == 1)
      machine.chip.at(packet) = {time,
                                 {Cause::Kind::instruction, run.mnemonic}};
    break;
  }
  run.end.atLeast(done);
}

Moment model::constantsOf(TimedMachine &machine, Run &run, int64_t packets) {
  uint64_t bytes = uint64_t(packets) * isa::kPacketBytes;
  run.ddrBytes += bytes;
  return {machine.ddr.read(Ddr::sequencer, run.dispatched.time, double(bytes)),
          {Cause::Kind::ddr}};
}
