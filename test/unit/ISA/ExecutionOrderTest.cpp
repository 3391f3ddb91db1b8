//===- ExecutionOrderTest.cpp - Random programs get the tokens they need --===//
//
// Random instructions share few packets, so most of them conflict. Tokens are
// inserted as accel-synchronize does, one for each race that is found. Then no
// two uses of a packet may be left unordered in the graph of all events, for
// requests of any size, and every token must be needed.
//
//===----------------------------------------------------------------------===//
#include "EventGraph.h"
#include "TestProgram.h"

#include <algorithm>
#include <random>
#include <variant>

using namespace edgellm;
using namespace edgellm::isa;
using namespace edgellm::testing;

namespace {

using AnyInstruction =
    std::variant<Vmm, AttentionScores, Softmax, AttentionValues, RmsNorm,
                 LayerNorm, Rope, Activation>;

struct Kind {
  const char *name;
  uint32_t maxTokens;
  bool chained;
  int64_t places; ///< of the results on chip
};

void PrintTo(const Kind &kind, std::ostream *os) { *os << kind.name; }

/// A token, by who puts and who takes it.
struct Token {
  enum Kind { plain, stream, chain } kind;
  size_t from, to;
};

//===----------------------------------------------------------------------===//
// Random instructions
//===----------------------------------------------------------------------===//

class RandomInstructions {
public:
  RandomInstructions(unsigned seed, const Kind &kind)
      : random(seed), single(kind.maxTokens == 1), places(kind.places) {}

  AnyInstruction next() {
    switch (number(8)) {
    case 0:
      return randomVmm();
    case 1:
      return placed(scores(0, 0, cache()));
    case 2:
      return inPlaceSometimes(placed(softmax(0, 0)));
    case 3:
      return placed(values(0, 0, cache()));
    case 4:
      return randomNorm();
    case 5:
      return randomRope();
    case 6:
      return inPlaceSometimes(randomLayerNorm());
    default:
      return inPlaceSometimes(placed(silu(0, 0)));
    }
  }

private:
  int64_t number(int64_t below) { return int64_t(random() % uint64_t(below)); }
  bool rarely() { return number(4) == 0; }

  /// One of few in the KV memory, which follows 64 packets of weights.
  int64_t cache() { return 64 + 64 * number(3); }
  /// Addresses where others are, too.
  Affine address() {
    if (!single && rarely())
      return {number(6), 1, Request::tokens};
    return fixed(2 + (single ? 2 : 4) * number(places));
  }
  /// Often where one of the last results is, so that chains are possible.
  Affine source() {
    return results.size() < 3 || rarely()
               ? address()
               : results[results.size() - 1 - size_t(number(3))];
  }
  Affine result() { return results.emplace_back(address()); }

  /// Rows, blocks and places of src and dst.
  template <typename Instruction> Instruction placed(Instruction result) {
    result.rows = single ? fixed(1) : times(Request::tokens);
    result.src = source();
    result.dst = this->result();
    if (!single && rarely())
      result.dst_stride = times(Request::tokens);
    if (rarely() && rarely()) {
      result.src_space = ActivationSpace::ddr;
      sliced(result);
    }
    if (rarely() && rarely())
      result.dst_space = {};
    return result;
  }
  template <typename Instruction> void sliced(Instruction &instruction) {
    if constexpr (requires { instruction.slice_rows; }) {
      instruction.slice_rows = 1;
      instruction.work = number(8);
    }
  }
  template <typename Instruction>
  Instruction inPlaceSometimes(Instruction result) {
    if (number(2)) {
      result.dst_space = result.src_space;
      result.dst = result.src;
      result.dst_stride = result.src_stride;
      if constexpr (requires { result.dst_head_stride; })
        result.dst_head_stride = result.src_head_stride;
    }
    return result;
  }

  Vmm randomVmm() {
    Vmm result = placed(vmm(0, 0));
    if (rarely()) {
      result.in_channels = 64;
      result.src_stride = fixed(1);
    }
    result.weights = number(result.in_channels > 32 ? 1 : 5);
    if (rarely()) // the cache
      result.dst_space = Space::hbm, result.dst = fixed(cache());
    if (number(2)) {
      result.epilogue = Epilogue::add;
      result.aux_space = ActivationSpace::chip;
      result.aux = number(2) ? source() : result.dst;
      result.aux_stride = result.dst_stride;
    }
    return result;
  }
  /// Of one head or of two, of which each is a packet; in place, elsewhere or
  /// into the cache.
  RmsNorm randomNorm() {
    RmsNorm result;
    result.src_space = ActivationSpace::chip;
    result.dst_space = Space::chip;
    result.epsilon = result.inverse_channels = 1;
    result.channels = 32;
    result.heads = 1 + number(2);
    result.src_stride = result.dst_stride = fixed(single ? 1 : 2);
    result.weight = 1 + number(6);
    result = placed(result);
    if (number(2)) {
      result.dst_space = Space(result.src_space);
      result.dst = result.src;
      result.dst_stride = result.src_stride;
    } else if (rarely()) {
      result.dst_space = Space::hbm;
      result.dst = fixed(cache());
    }
    return result;
  }
  LayerNorm randomLayerNorm() {
    LayerNorm result;
    result.src_space = result.dst_space = ActivationSpace::chip;
    result.epsilon = 1;
    result.channels = 32;
    result.weight = 1 + number(6);
    result.bias = 1 + number(6);
    return placed(result);
  }
  Rope randomRope() {
    Rope result = ropeToCache(0, cache());
    if (number(2)) {
      result.dst_space = Space::chip;
      result.dst = this->result();
    }
    result.src = source();
    return result;
  }

  std::mt19937_64 random;
  bool single;
  int64_t places;
  std::vector<Affine> results; // where they were, the last at the end
};

//===----------------------------------------------------------------------===//
// Synchronised programs
//===----------------------------------------------------------------------===//

class RandomProgram {
public:
  RandomProgram(unsigned seed, unsigned size, const Kind &kind)
      : kind(kind), order({int64_t(kind.maxTokens), TestProgram::kContext}) {
    order.open({});
    order.commit();
    RandomInstructions random(seed, kind);
    for (unsigned i = 0; i < size; ++i)
      add(random.next());
  }

  TestProgram without(std::optional<Token> left = std::nullopt) const;
  /// As ExecutionOrder takes them, with `begin`.
  std::vector<ScheduledInstruction> scheduled() const;
  std::string name(const Token &token) const {
    return std::to_string(token.from) + " to " + std::to_string(token.to);
  }

  std::vector<Token> tokens;

private:
  void add(const AnyInstruction &instruction);
  Token resolve(const ExecutionOrder::Race &race);
  Unit unitOf(size_t number) const {
    return std::visit([](const auto &i) { return i.unit; },
                      instructions[number - 1]);
  }
  /// The instructions with all tokens but one.
  std::vector<AnyInstruction> tokened(const std::optional<Token> &left) const;

  Kind kind;
  ExecutionOrder order;
  std::vector<AnyInstruction> instructions; // number n is at n - 1
};

} // namespace

/// As EntrySynchronizer in lib/Dialect/Accel/Transforms/Synchronize.cpp.
Token RandomProgram::resolve(const ExecutionOrder::Race &race) {
  size_t from = race.earlier, to = order.size();
  if (kind.chained && race.operand->access == Access::read &&
      race.earlierOperand->access == Access::write &&
      race.operand->region == race.earlierOperand->region &&
      order.canFollow(race.earlier)) {
    order.follow(race.earlier);
    return {Token::chain, from, to};
  }
  if (race.ofStream()) {
    order.streamWaitFor(race.earlier);
    return {Token::stream, from, to};
  }
  order.waitFor(race.earlier);
  return {Token::plain, from, to};
}

void RandomProgram::add(const AnyInstruction &instruction) {
  instructions.push_back(instruction);
  order.open(std::visit(
      [](const auto &i) {
        return scheduledInstruction(i, TestProgram::kPorts);
      },
      instruction));
  while (std::optional<ExecutionOrder::Race> race = order.findRace())
    tokens.push_back(resolve(*race));
  order.commit();
}

std::vector<AnyInstruction>
RandomProgram::tokened(const std::optional<Token> &left) const {
  std::vector<AnyInstruction> result = instructions;
  for (const Token &token : tokens) {
    if (left && left->kind == token.kind && left->from == token.from &&
        left->to == token.to)
      continue;
    Unit from = unitOf(token.from), to = unitOf(token.to);
    std::visit(
        [&](auto &putter) {
          if (token.kind == Token::chain)
            putter.lead.insert(to);
          else
            putter.signal.insert(token.kind == Token::stream ? Unit::dma : to);
        },
        result[token.from - 1]);
    std::visit(
        [&](auto &taker) {
          if (token.kind == Token::chain)
            taker.follow.insert(from);
          else if (token.kind == Token::plain)
            taker.wait.insert(from);
          else if constexpr (requires { taker.stream_wait; })
            taker.stream_wait.insert(from);
        },
        result[token.to - 1]);
  }
  return result;
}

TestProgram RandomProgram::without(std::optional<Token> left) const {
  TestProgram program(kind.maxTokens);
  for (const AnyInstruction &instruction : tokened(left))
    std::visit([&](const auto &i) { program.add(i); }, instruction);
  return program;
}

std::vector<ScheduledInstruction> RandomProgram::scheduled() const {
  std::vector<ScheduledInstruction> result(1);
  for (const AnyInstruction &instruction : tokened(std::nullopt))
    result.push_back(std::visit(
        [](const auto &i) {
          return scheduledInstruction(i, TestProgram::kPorts);
        },
        instruction));
  return result;
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

namespace {

class RandomPrograms : public ::testing::TestWithParam<Kind> {
protected:
  static constexpr unsigned kPrograms = 150, kSize = 60;

  RandomProgram program(unsigned seed) { return {seed, kSize, GetParam()}; }
};

} // namespace

TEST_P(RandomPrograms, AreLegalWithTheTokensTheyGet) {
  size_t found[3] = {};
  for (unsigned seed = 0; seed < kPrograms; ++seed) {
    RandomProgram random = program(seed);
    EXPECT_NO_THROW(checkProgram(random.without().program(), "p")) << seed;
    for (const Token &token : random.tokens)
      ++found[token.kind];
  }
  EXPECT_GT(found[Token::plain], kPrograms * kSize / 4);
  EXPECT_GT(found[Token::stream], kPrograms);
  if (GetParam().maxTokens == 1 && GetParam().chained) {
    EXPECT_GT(found[Token::chain], kPrograms);
  } else {
    EXPECT_EQ(found[Token::chain], 0u);
  }
}

TEST_P(RandomPrograms, DoNotRaceInAnyRequest) {
  uint32_t most = GetParam().maxTokens, context = TestProgram::kContext;
  for (unsigned seed = 0; seed < kPrograms; ++seed) {
    EventGraph graph(program(seed).scheduled());
    for (auto [tokens, past] :
         {std::pair(1u, 0u), std::pair(1u, context - 1), std::pair(most, 0u),
          std::pair(most, context - most),
          std::pair(1 + seed % most, seed % 37)})
      ASSERT_EQ(graph.findRace(tokens, past), "")
          << seed << ": " << tokens << " tokens after " << past;
  }
}

/// Without both halves of a token there is a race. An exception: who follows an
/// instruction and also waits for its end need not follow it.
TEST_P(RandomPrograms, NeedEveryToken) {
  for (unsigned seed = 0; seed < kPrograms / 5; ++seed) {
    RandomProgram random = program(seed);
    for (const Token &token : random.tokens) {
      bool alsoWaits = std::ranges::any_of(random.tokens, [&](const Token &t) {
        return t.kind == Token::plain && t.from == token.from &&
               t.to == token.to;
      });
      if (token.kind == Token::chain && alsoWaits)
        continue;
      std::string error = random.without(token).error();
      EXPECT_NE(error.find("no token orders them"), error.npos)
          << seed << ", token of " << random.name(token) << ": " << error;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Entries, RandomPrograms,
                         ::testing::Values(Kind{"decode", 1, true, 8},
                                           Kind{"sparse", 1, true, 60},
                                           Kind{"unchained", 1, false, 8},
                                           Kind{"generate", 8, true, 5}),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });
