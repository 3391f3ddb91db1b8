//===- vector.cpp - Normalisation, rotation, softmax, activation ----------===//
//
// Every instruction goes over strips of packets (VectorCommand). A strip that
// has to be summed up first is read in several passes and kept nowhere, so it
// may have any length. A pass is done in steps of at most one request; the
// packets of the next step are asked for before those of this one are used, so
// that the latency of a memory is hidden behind the work.
//
//===----------------------------------------------------------------------===//
#include "vector.h"
#include "functions.h"

#include <hls_math.h>

namespace edgellm::kernels {
namespace {

bool is(const VectorCommand &command, isa::Opcode opcode) {
  return command.opcode == unsigned(opcode);
}

/// The last pass of a strip writes its results, those before sum it up.
unsigned passesOf(const VectorCommand &command) {
  if (is(command, isa::Opcode::softmax) || is(command, isa::Opcode::layer_norm))
    return 3;
  return is(command, isa::Opcode::rms_norm) ? 2 : 1;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Packets first .. first+count-1 of a strip in one pass.
struct Step {
  Count outer = 0, inner = 0;
  ap_uint<2> pass = 0;
  Count first = 0, count = 0;

  bool isLastOfPass(const VectorCommand &command) const {
    return first + count == command.length;
  }
  bool isResult(const VectorCommand &command) const {
    return pass == passesOf(command) - 1;
  }
};

/// From `first` on.
void setCount(const VectorCommand &command, Step &step) {
  Count rest = command.length - step.first;
  step.count = rest < kRequestPackets ? rest : Count(kRequestPackets);
}

/// False after the last step of a command.
bool advance(const VectorCommand &command, Step &step) {
  bool endsPass = step.isLastOfPass(command);
  bool endsStrip = endsPass && step.isResult(command);
  step.first = endsPass ? Count(0) : Count(step.first + step.count);
  if (endsPass)
    step.pass = endsStrip ? ap_uint<2>(0) : ap_uint<2>(step.pass + 1);
  if (endsStrip && ++step.inner == command.inner) {
    step.inner = 0;
    ++step.outer;
  }
  setCount(command, step);
  return step.outer < command.outer;
}

ReadRequest requestOf(const Region &region, const Step &step) {
  return {region.at(step.outer, step.inner, step.first), step.count,
          region.step};
}

/// Of weight and bias: the results' pass reads them beside src.
bool readsWeight(const VectorCommand &command, const Step &step) {
  return step.isResult(command) && !is(command, isa::Opcode::softmax) &&
         !is(command, isa::Opcode::activation);
}
bool readsBias(const VectorCommand &command, const Step &step) {
  return step.isResult(command) && is(command, isa::Opcode::layer_norm);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// What the passes of a strip leave for the next.
struct Strip {
  Sum8 sum;
  Ordered greatest; ///< softmax
  float mean;       ///< layer_norm
  float scale;      ///< multiplies every result

  void clear() {
    sum.clear();
    greatest = -0x8000;
  }
};

/// Lanes of packet `index` that an instruction sees: the visible columns of a
/// row, or the channels of a layer_norm.
Count limitOf(const VectorCommand &command, const Step &step, Count index) {
  Count end = is(command, isa::Opcode::softmax)
                  ? Count(command.visible + step.inner)
                  : Count(command.channels);
  Count begin = index * kLanes;
  return end > begin ? Count(end - begin) : Count(0);
}

/// N19: d, of lanes past the last channel 0.
Lanes differences(const Lanes &x, const Strip &strip, Count limit) {
  Lanes result;
Differences:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = i < limit ? x.at[i] - strip.mean : 0.0f;
  }
  return result;
}

/// N12: e.
Lanes exponentials(const Lanes &x, const Strip &strip, Count limit) {
  Lanes result;
  float greatest = toFloat(halfOf(strip.greatest));
Exponentials:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = i < limit ? expneg(greatest - x.at[i]) : 0.0f;
  }
  return result;
}

Lanes masked(const Lanes &x, Count limit) {
  Lanes result;
Masked:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = i < limit ? x.at[i] : 0.0f;
  }
  return result;
}

Lanes squares(const Lanes &x) {
  Lanes result;
Squares:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = x.at[i] * x.at[i];
  }
  return result;
}

/// What a packet adds to the sum of a pass.
Lanes termsOf(const VectorCommand &command, const Step &step,
              const Strip &strip, const Lanes &x, Count limit) {
  if (is(command, isa::Opcode::rms_norm))
    return squares(x);
  if (is(command, isa::Opcode::softmax))
    return exponentials(x, strip, limit);
  if (step.pass == 0)
    return masked(x, limit);
  return squares(differences(x, strip, limit));
}

Ordered greatestOf(const Packet &packet, Count limit, Ordered before) {
Greatest:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    if (i < limit)
      before = greater(before, orderOf(lane(packet, i)));
  }
  return before;
}

/// What follows a sum: a mean, or the factor of all results.
void finishPass(const VectorCommand &command, const Step &step, Strip &strip) {
  float total = strip.sum.total();
  strip.sum.clear();
  if (is(command, isa::Opcode::softmax)) {
    strip.scale = 1.0f / total; // of no use in the pass of the maximum
    return;
  }
  bool isLayerNorm = is(command, isa::Opcode::layer_norm);
  float inverse = isLayerNorm ? 1.0f / float(command.channels.to_uint())
                              : command.inverseChannels;
  float mean = total * inverse;
  if (isLayerNorm && step.pass == 0)
    strip.mean = mean;
  else
    strip.scale = 1.0f / hls::sqrt(mean + command.epsilon);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// x * scale * w and, for N19, + b.
Lanes normalised(const Lanes &x, float scale, const Lanes &weight,
                 const Lanes &bias, bool hasBias) {
  Lanes result;
Normalised:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    float product = (x.at[i] * scale) * weight.at[i];
    result.at[i] = hasBias ? product + bias.at[i] : product;
  }
  return result;
}

/// N15.
Lanes rotated(const Lanes &x, const Lanes &table) {
  Lanes result;
Pairs:
  for (unsigned i = 0; i < kLanes; i += 2) {
#pragma HLS UNROLL
    float a = x.at[i], b = x.at[i + 1];
    float cosine = table.at[i], sine = table.at[i + 1];
    result.at[i] = a * cosine - b * sine;
    result.at[i + 1] = b * cosine + a * sine;
  }
  return result;
}

Lanes scaled(const Lanes &x, float scale) {
  Lanes result;
Scaled:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = x.at[i] * scale;
  }
  return result;
}

Lanes activated(const Lanes &x, bool isGelu) {
  Lanes result;
Activated:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    result.at[i] = isGelu ? gelu(x.at[i]) : silu(x.at[i]);
  }
  return result;
}

Lanes resultOf(const VectorCommand &command, const Strip &strip, const Lanes &x,
               const Lanes &weight, const Lanes &bias, Count limit) {
  if (is(command, isa::Opcode::rms_norm))
    return normalised(x, strip.scale, weight, bias, false);
  if (is(command, isa::Opcode::layer_norm))
    return masked(normalised(differences(x, strip, limit), strip.scale, weight,
                             bias, true),
                  limit);
  if (is(command, isa::Opcode::softmax))
    return scaled(exponentials(x, strip, limit), strip.scale);
  if (is(command, isa::Opcode::rope))
    return rotated(x, weight);
  return activated(x, command.function == unsigned(isa::Function::gelu));
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

bool isIn(const Region &region, isa::Space space) {
  return region.space == unsigned(space);
}

/// A packet a cycle: a sum returns before its next term (functions.h), a
/// maximum is an integer.
void sumUp(const VectorCommand &command, const Step &step, Strip &strip,
           PacketStream &ddrPackets, PacketStream &chipPackets) {
  bool findsGreatest = is(command, isa::Opcode::softmax) && step.pass == 0;
SumUp:
  for (Count i = 0; i < step.count; ++i) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = strip.sum.sums inter distance = 8 true
    Packet packet = isIn(command.src, isa::Space::ddr) ? ddrPackets.read()
                                                       : chipPackets.read();
    Count index = step.first + i, limit = limitOf(command, step, index);
    if (findsGreatest)
      strip.greatest = greatestOf(packet, limit, strip.greatest);
    else
      strip.sum.add(
          index, tree32(termsOf(command, step, strip, toLanes(packet), limit)));
  }
}

/// A packet a cycle: none depends on the one before.
void writeResults(const VectorCommand &command, const Step &step,
                  const Strip &strip, PacketStream &ddrPackets,
                  PacketStream &chipPackets, PacketStream &weightPackets,
                  PacketStream &biasPackets, PacketStream &ddrResults,
                  PacketStream &chipResults, PacketStream &hbmResults) {
  bool hasWeight = readsWeight(command, step),
       hasBias = readsBias(command, step);
Results:
  for (Count i = 0; i < step.count; ++i) {
#pragma HLS PIPELINE II = 1
    Packet packet = isIn(command.src, isa::Space::ddr) ? ddrPackets.read()
                                                       : chipPackets.read();
    Packet weight = hasWeight ? weightPackets.read() : Packet(0);
    Packet bias = hasBias ? biasPackets.read() : Packet(0);
    Packet result = toPacket(resultOf(command, strip, toLanes(packet),
                                      toLanes(weight), toLanes(bias),
                                      limitOf(command, step, step.first + i)));
    if (isIn(command.dst, isa::Space::ddr))
      ddrResults.write(result);
    else if (isIn(command.dst, isa::Space::chip))
      chipResults.write(result);
    else
      hbmResults.write(result);
  }
}

/// Asks for the packets of a step.
void request(const VectorCommand &command, const Step &step,
             ReadRequestStream &ddrRequests, ReadRequestStream &chipRequests,
             ReadRequestStream &weightRequests,
             ReadRequestStream &biasRequests) {
  if (isIn(command.src, isa::Space::ddr))
    ddrRequests.write(requestOf(command.src, step));
  else
    chipRequests.write(requestOf(command.src, step));
  if (readsWeight(command, step))
    weightRequests.write(requestOf(command.weight, step));
  if (readsBias(command, step))
    biasRequests.write(requestOf(command.bias, step));
}

void write(const VectorCommand &command, const WriteRequest &request,
           WriteRequestStream &ddrWrites, WriteRequestStream &chipWrites,
           WriteRequestStream &hbmWrites) {
  if (isIn(command.dst, isa::Space::ddr))
    ddrWrites.write(request);
  else if (isIn(command.dst, isa::Space::chip))
    chipWrites.write(request);
  else
    hbmWrites.write(request);
}

/// Returns when all results are written.
void awaitResults(const VectorCommand &command, WriteRequestStream &ddrWrites,
                  DoneStream &ddrDone, WriteRequestStream &chipWrites,
                  DoneStream &chipDone, WriteRequestStream &hbmWrites,
                  DoneStream &hbmDone) {
  write(command, {0, 0, 0}, ddrWrites, chipWrites, hbmWrites);
  if (isIn(command.dst, isa::Space::ddr))
    ddrDone.read();
  else if (isIn(command.dst, isa::Space::chip))
    chipDone.read();
  else
    hbmDone.read();
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

void takeTokens(const Tokens &wanted, TokenStream (&tokens)[kArrayUnits],
                TokenStream (&chains)[kArrayUnits]) {
TakeTokens:
  for (unsigned unit = 0; unit < kArrayUnits; ++unit) {
#pragma HLS UNROLL
    if (wanted.wait[unit])
      tokens[unit].read();
    if (wanted.follow[unit])
      chains[unit].read();
  }
}

void putTokens(const Tokens &wanted, TokenStream (&tokens)[kArrayUnits],
               TokenStream (&chains)[kArrayUnits], TokenStream &tokensToDma) {
PutTokens:
  for (unsigned unit = 0; unit < kArrayUnits; ++unit) {
#pragma HLS UNROLL
    if (wanted.signal[unit])
      tokens[unit].write(1);
    if (wanted.lead[unit])
      chains[unit].write(1);
  }
  if (wanted.signal[unsigned(isa::Unit::dma)])
    tokensToDma.write(1);
}

} // namespace

void vectorUnit(VectorQueue &commands, CompletionStream &completions,
                TokenStream (&tokens)[kArrayUnits],
                TokenStream (&chains)[kArrayUnits],
                TokenStream (&tokensOut)[kArrayUnits],
                TokenStream (&chainsOut)[kArrayUnits], TokenStream &tokensToDma,
                ReadRequestStream &ddrRequests, PacketStream &ddrPackets,
                ReadRequestStream &chipRequests, PacketStream &chipPackets,
                ReadRequestStream &weightRequests, PacketStream &weightPackets,
                ReadRequestStream &biasRequests, PacketStream &biasPackets,
                PacketStream &ddrResults, WriteRequestStream &ddrWrites,
                DoneStream &ddrDone, PacketStream &chipResults,
                WriteRequestStream &chipWrites, DoneStream &chipDone,
                PacketStream &hbmResults, WriteRequestStream &hbmWrites,
                DoneStream &hbmDone) {
  VectorCommand command = commands.read();
  takeTokens(command.tokens, tokens, chains);
  if (command.opcode == kNoInstruction)
    return;

  Strip strip;
  strip.clear();
  Step next;
  setCount(command, next);
  request(command, next, ddrRequests, chipRequests, weightRequests,
          biasRequests);
  bool goesOn = true;
Steps:
  while (goesOn) {
    Step step = next;
    goesOn = advance(command, next);
    if (goesOn)
      request(command, next, ddrRequests, chipRequests, weightRequests,
              biasRequests);
    if (!step.isResult(command)) {
      sumUp(command, step, strip, ddrPackets, chipPackets);
      if (step.isLastOfPass(command))
        finishPass(command, step, strip);
      continue;
    }
    writeResults(command, step, strip, ddrPackets, chipPackets, weightPackets,
                 biasPackets, ddrResults, chipResults, hbmResults);
    write(command,
          {command.dst.at(step.outer, step.inner, step.first), step.count,
           command.dst.step},
          ddrWrites, chipWrites, hbmWrites);
    if (step.isLastOfPass(command))
      strip.clear();
  }
  awaitResults(command, ddrWrites, ddrDone, chipWrites, chipDone, hbmWrites,
               hbmDone);
  putTokens(command.tokens, tokensOut, chainsOut, tokensToDma);
  completions.write({0, 0, 0});
}

} // namespace edgellm::kernels
