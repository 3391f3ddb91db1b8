//===- device.cpp - Programs on the device model --------------------------===//
//
// An input is text: "tokens past sequence", then one instruction a line.
// Whatever the instructions are, a run ends in a status that can be described;
// those of a program that passes the checks of loading stay inside the buffers
// and find their tokens.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/ISA/Assembly.h"
#include "EdgeLLM/ISA/Disassembly.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Support/Options.h"
#include "Fuzzing.h"
#include "InstructionMutator.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

namespace {

struct Input {
  uint32_t tokens, past, sequence;
  std::vector<std::vector<uint64_t>> instructions;
};

} // namespace

/// Takes the text up to `end` off the front.
static std::string_view take(std::string_view &text, char end) {
  size_t length = std::min(text.find(end), text.size());
  std::string_view taken = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return taken;
}

static Input parseInput(std::string_view text) {
  constexpr size_t mostInstructions = 64;
  std::string_view request = take(text, '\n');
  auto number = [&] {
    return uint32_t(parseInteger(take(request, ' '), 0, UINT32_MAX, "request"));
  };
  Input input;
  input.tokens = number();
  input.past = number();
  input.sequence = number();
  while (!text.empty() && input.instructions.size() < mostInstructions)
    input.instructions.push_back(isa::assemble(take(text, '\n')));
  return input;
}

static std::string format(const Input &input) {
  std::string text = std::to_string(input.tokens) + " " +
                     std::to_string(input.past) + " " +
                     std::to_string(input.sequence) + "\n";
  for (const std::vector<uint64_t> &words : input.instructions)
    text += isa::disassemble(words) + "\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

namespace {

/// A machine of 8 ports. Copies of the first, whose memories are full of
/// arbitrary bits, make a run depend on its input alone.
class Machine {
public:
  static constexpr uint32_t kPorts = 8;
  static constexpr size_t kDdr = 2000, kHbm = 128, kChip = 512; // packets

  Machine() : ddr(kDdr * isa::kPacketBytes), chip(kChip * isa::kPacketBytes) {
    hbm.assign(kPorts, std::vector<std::byte>(kHbm * isa::kPacketBytes));
    std::minstd_rand random(1);
    auto fill = [&](std::vector<std::byte> &bytes) {
      for (std::byte &byte : bytes)
        byte = std::byte(random());
    };
    fill(ddr);
    fill(chip);
    for (std::vector<std::byte> &port : hbm)
      fill(port);
  }

  isa::Status run(std::span<std::byte> program, uint32_t entry,
                  const Input &input) {
    model::Launch launch{.program = program,
                         .entry = entry,
                         .ddr = ddr,
                         .tokens = input.tokens,
                         .past = input.past,
                         .sequence = input.sequence,
                         .chip = chip};
    launch.hbm.assign(hbm.begin(), hbm.end());
    static model::ThreadPool pool(1);
    fuzz::require(model::execute(launch, pool), "every run has a status");
    return isa::readStatus(
        std::span<const std::byte>(ddr).first<isa::kStatusBytes>());
  }

private:
  std::vector<std::byte> ddr, chip;
  std::vector<std::vector<std::byte>> hbm;
};

/// Keeps what `begin` says.
struct Limits final : isa::IgnoringVisitor {
  using IgnoringVisitor::visit;
  std::optional<isa::Begin> begin;
  void visit(const isa::Begin &instruction) override { begin = instruction; }
};

} // namespace

/// One entry with the header that its `begin` asks for.
static Program programOf(const Input &input) {
  Program program;
  Limits limits;
  isa::DecodeError error;
  for (const std::vector<uint64_t> &words : input.instructions) {
    isa::decodeAndVisit(words.data(), words.size(), limits, error);
    program.code.insert(program.code.end(), words.begin(), words.end());
  }
  isa::Begin begin = limits.begin.value_or(isa::Begin());
  program.ports = Machine::kPorts;
  program.context = uint32_t(begin.context);
  program.hidden = program.vocabulary = isa::kLanes;
  program.ddrPackets = uint64_t(begin.ddr_packets);
  program.hbmPackets = uint64_t(begin.hbm_packets);
  program.chipPackets = uint64_t(begin.chip_packets);
  program.sequencePackets = uint64_t(begin.sequence_packets);
  program.sequences = uint32_t(begin.sequences);
  program.entries = {{"decode", 3,
                      uint32_t(program.code.size() / isa::kPacketWords),
                      uint32_t(input.instructions.size()),
                      uint32_t(begin.max_tokens), 1, 1, 1}};
  return program;
}

static bool passesChecks(const Program &program) {
  bool passes = false;
  fuzz::mayFail([&] {
    checkProgram(program, "f");
    passes = true;
  });
  return passes;
}

/// The machine may be smaller than the program, and the request longer than its
/// entry; beyond `begin` the checks of loading hold.
static void checkProved(const isa::Status &status) {
  using isa::StatusCode;
  if (status.instruction == 0)
    return;
  for (StatusCode code : {StatusCode::out_of_bounds, StatusCode::no_end,
                          StatusCode::missing_token})
    fuzz::require(status.code != code, "loading proves bounds, end and tokens");
}

static void runInput(const Input &input) {
  Program program = programOf(input);
  std::vector<std::byte> bytes = serializeProgram(program);
  static const Machine fresh;
  Machine machine = fresh;
  isa::Status status =
      machine.run(bytes, program.entries[0].firstPacket, input);
  std::string text = isa::describe(status, bytes);
  fuzz::require(!text.empty() && text.find('\n') == text.npos,
                "a status is described in one line");
  if (passesChecks(program))
    checkProved(status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::optional<Input> input;
  fuzz::mayFail([&] { input = parseInput(fuzz::textOf(data, size)); });
  if (input)
    runInput(*input);
  return 0;
}

//===----------------------------------------------------------------------===//
// Mutations
//===----------------------------------------------------------------------===//

/// Another request, order or number of instructions, or field of one.
static void mutate(Input &input, unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<std::vector<uint64_t>> &list = input.instructions;
  size_t a = random() % list.size(), b = random() % list.size();
  switch (random() % 8) {
  case 0:
    if (random() % 4 == 0)
      input.sequence = random() % 4;
    else
      (random() % 2 ? input.tokens : input.past) = random() % 130;
    break;
  case 1:
    std::swap(list[a], list[b]);
    break;
  case 2:
    list.insert(list.begin() + ptrdiff_t(a), std::vector(list[b]));
    break;
  case 3:
    if (list.size() > 1)
      list.erase(list.begin() + ptrdiff_t(a));
    break;
  default:
    fuzz::mutateInstruction(list[a], unsigned(random()));
  }
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t most, unsigned seed) {
  std::optional<Input> input;
  fuzz::mayFail([&] { input = parseInput(fuzz::textOf(data, size)); });
  if (!input || input->instructions.empty())
    return LLVMFuzzerMutate(data, size, most);
  mutate(*input, seed);
  std::string text = format(*input);
  if (text.size() > most)
    return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, text.data(), text.size());
  return text.size();
}
