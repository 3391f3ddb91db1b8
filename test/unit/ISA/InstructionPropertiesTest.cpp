//===- InstructionPropertiesTest.cpp - What holds for the whole table -----===//
//
// Every instruction and field of the table, found by reflection: a new one is
// tested when it is added.
//
//===----------------------------------------------------------------------===//
#include "../Testing.h"
#include "EdgeLLM/ISA/Assembly.h"
#include "EdgeLLM/ISA/Disassembly.h"
#include "RandomValues.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>

using namespace edgellm;
using namespace edgellm::isa;
using namespace edgellm::testing;

//===----------------------------------------------------------------------===//
// Values of fields
//===----------------------------------------------------------------------===//

namespace {

/// The words of an instruction; fails the test when it does not encode.
template <typename Instruction>
std::vector<uint64_t> wordsOf(const Instruction &instruction) {
  std::vector<uint64_t> words(Instruction::words);
  DecodeError error;
  EXPECT_TRUE(encode(instruction, words.data(), error)) << describe(error);
  return words;
}

/// All fields as numbers.
template <typename Instruction>
std::vector<int64_t> numbersOf(const Instruction &instruction) {
  std::vector<int64_t> numbers;
  auto add = [&](const FieldInfo &, const auto &value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, Affine>) {
      numbers.insert(numbers.end(),
                     {value.offset, value.factor, int64_t(value.request)});
    } else if constexpr (std::is_same_v<Value, float>) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      numbers.push_back(bits);
    } else if constexpr (requires { value.bits; }) {
      numbers.push_back(value.bits);
    } else {
      numbers.push_back(int64_t(value));
    }
  };
  Instruction::forEachField(instruction, add);
  return numbers;
}

template <typename Instruction> Instruction randomInstruction(unsigned seed) {
  Instruction instruction;
  Instruction::forEachField(instruction, RandomValues(seed));
  return instruction;
}

} // namespace

//===----------------------------------------------------------------------===//
// Both ways
//===----------------------------------------------------------------------===//

TEST(EveryInstruction, DecodesToWhatWasEncoded) {
  forEachInstruction([](auto prototype) {
    using Instruction = decltype(prototype);
    for (unsigned seed = 0; seed < 2000; ++seed) {
      Instruction original = randomInstruction<Instruction>(seed), decoded;
      DecodeError error;
      ASSERT_TRUE(decode(wordsOf(original).data(), decoded, error))
          << describe(error);
      ASSERT_EQ(numbersOf(decoded), numbersOf(original)) << prototype.mnemonic;
    }
  });
}

TEST(EveryInstruction, AssemblesFromItsText) {
  forEachInstruction([](auto prototype) {
    using Instruction = decltype(prototype);
    for (unsigned seed = 0; seed < 1000; ++seed) {
      auto words = wordsOf(randomInstruction<Instruction>(seed));
      std::string text = disassemble(words);
      ASSERT_EQ(assemble(text), words) << text;
    }
  });
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

namespace {

/// Sets the field at a position to each of its limits, which must encode, and
/// to what lies one past them, which must be refused with the field's name.
template <typename Instruction> class LimitCheck {
public:
  LimitCheck(const Instruction &legal, unsigned position)
      : legal(legal), position(position) {}

  void operator()(const FieldInfo &field, int64_t &) {
    good(field, {field.min, field.max});
    bad(field, {field.min - 1, field.max + 1}, DecodeErrorKind::out_of_range);
    if (field.max < std::numeric_limits<int64_t>::max() >> 8)
      bad(field, {-1 - field.max, std::numeric_limits<int64_t>::min()},
          DecodeErrorKind::out_of_range);
  }
  void operator()(const FieldInfo &field, bool &) {
    good(field, {false, true});
  }
  void operator()(const FieldInfo &field, float &) {
    using Limits = std::numeric_limits<float>;
    good(field, {Limits::max(), Limits::lowest(), Limits::denorm_min(), -0.0f});
    bad(field, {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()},
        DecodeErrorKind::not_finite);
  }
  void operator()(const FieldInfo &field, Affine &) {
    good<Affine>(field, {{-kOffsetLimit, 1, Request::tokens},
                         {kOffsetLimit - 1, 0xFFFF, Request::past},
                         {0, 0, Request::zero},
                         {0, 1, Request(kRequests - 1)}});
    bad<Affine>(field,
                {{-kOffsetLimit - 1, 0, Request::zero},
                 {kOffsetLimit, 0, Request::zero},
                 {0, -1, Request::tokens},
                 {0, 0x10000, Request::tokens},
                 {0, 1, Request(kRequests)}},
                DecodeErrorKind::out_of_range);
    bad<Affine>(field, {{0, 1, Request::zero}, {0, 0, Request::tokens}},
                DecodeErrorKind::not_canonical);
  }
  template <typename Enumeration>
  void operator()(const FieldInfo &field, Set<Enumeration> &) {
    good<Set<Enumeration>>(field, {{0}, {uint8_t(field.max)}});
    if (field.max < 255)
      bad<Set<Enumeration>>(field, {{uint8_t(field.max + 1)}, {255}},
                            DecodeErrorKind::out_of_range);
  }
  template <typename Enumeration>
    requires std::is_enum_v<Enumeration>
  void operator()(const FieldInfo &field, Enumeration &) {
    good(field, {Enumeration(0), Enumeration(field.max)});
    bad(field, {Enumeration(field.max + 1), Enumeration(255)},
        DecodeErrorKind::out_of_range);
  }

private:
  /// The legal instruction with another value of the field.
  template <typename Value> Instruction with(const Value &value) const {
    Instruction result = legal;
    unsigned at = 0;
    Instruction::forEachField(result, [&](const FieldInfo &, auto &field) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, Value>)
        if (at == position)
          field = value;
      ++at;
    });
    return result;
  }

  template <typename Value>
  void good(const FieldInfo &, std::initializer_list<Value> values) const {
    for (const Value &value : values) {
      auto words = wordsOf(with(value));
      EXPECT_EQ(assemble(disassemble(words)), words);
    }
  }
  template <typename Value>
  void bad(const FieldInfo &field, std::initializer_list<Value> values,
           DecodeErrorKind kind) const {
    for (const Value &value : values) {
      uint64_t words[Instruction::words];
      DecodeError error;
      EXPECT_FALSE(encode(with(value), words, error)) << field.name;
      EXPECT_EQ(error.kind, kind);
      EXPECT_STREQ(error.field, field.name);
      EXPECT_STREQ(error.instruction, Instruction::mnemonic);
      EXPECT_NE(describe(error).find(std::string(Instruction::mnemonic) +
                                     ": field '" + field.name + "' "),
                std::string::npos);
    }
  }

  const Instruction &legal;
  unsigned position;
};

} // namespace

TEST(EveryInstruction, FieldsHaveTheirLimits) {
  forEachInstruction([](auto prototype) {
    using Instruction = decltype(prototype);
    Instruction legal = randomInstruction<Instruction>(1);
    unsigned position = 0;
    Instruction::forEachField(legal, [&](const FieldInfo &field, auto &value) {
      SCOPED_TRACE(std::string(prototype.mnemonic) + "." + field.name);
      LimitCheck<Instruction>(legal, position++)(field, value);
    });
  });
}

/// Fields do not share bits: each has those of its place alone.
TEST(EveryInstruction, FieldsLieSideBySide) {
  forEachInstruction([](auto prototype) {
    using Instruction = decltype(prototype);
    std::vector<uint64_t> used(Instruction::words);
    used[0] = 0xFF; // the opcode
    Instruction::forEachField(prototype, [&](const FieldInfo &field, auto &) {
      ASSERT_LT(field.word, Instruction::words);
      ASSERT_LE(field.shift + field.bits, 64u);
      uint64_t bits = ~uint64_t(0) >> (64 - field.bits) << field.shift;
      EXPECT_EQ(used[field.word] & bits, 0u) << field.name;
      used[field.word] |= bits;
    });
    EXPECT_EQ(Instruction::words % kPacketWords, 0u);
  });
}

//===----------------------------------------------------------------------===//
// Illegal text
//===----------------------------------------------------------------------===//

namespace {

std::string assemblyError(const std::string &text) {
  return errorOf([&] { assemble(text); });
}

/// "column 17" and the rest; the column must be in the line or one past it.
void expectColumn(const std::string &text, const std::string &message) {
  unsigned long column = 0;
  ASSERT_EQ(std::sscanf(message.c_str(), "column %lu: ", &column), 1)
      << message << "\nfor: " << text;
  EXPECT_GE(column, 1u) << message;
  EXPECT_LE(column, text.size() + 1) << message;
}

/// The parts of the text of an instruction without tokens: the mnemonic, then
/// "name = value" for each field.
std::vector<std::string> partsOf(const std::string &text) {
  std::vector<std::string> parts{text.substr(0, text.find(' '))};
  std::string rest = text.substr(std::min(text.size(), parts[0].size() + 1));
  while (!rest.empty()) {
    size_t comma = rest.find(", ");
    parts.push_back(rest.substr(0, comma));
    rest = comma == rest.npos ? "" : rest.substr(comma + 2);
  }
  return parts;
}

std::string textOf(const std::vector<std::string> &parts) {
  std::string text = parts[0];
  for (size_t i = 1; i < parts.size(); ++i)
    text.append(i == 1 ? " " : ", ").append(parts[i]);
  return text;
}

template <typename Instruction> std::vector<std::string> legalParts() {
  Instruction legal = randomInstruction<Instruction>(2);
  Instruction::forEachField(legal, [](const FieldInfo &, auto &value) {
    if constexpr (requires { value.bits; })
      value.bits = 0;
  });
  return partsOf(disassemble(wordsOf(legal)));
}

} // namespace

/// Each field left out, twice, under another name, or with a value of no kind.
TEST(EveryInstruction, FieldsAreWrittenOnceInOrder) {
  forEachInstruction([](auto prototype) {
    const auto parts = legalParts<decltype(prototype)>();
    ASSERT_NO_THROW(assemble(textOf(parts)));
    for (size_t i = 1; i < parts.size(); ++i) {
      std::string name = parts[i].substr(0, parts[i].find(' '));
      auto refuse = [&](std::vector<std::string> bent) {
        std::string text = textOf(bent);
        expectColumn(text, assemblyError(text));
      };
      auto replaced = [&](const std::string &part) {
        auto bent = parts;
        bent[i] = part;
        refuse(bent);
      };
      auto missing = parts;
      missing.erase(missing.begin() + ptrdiff_t(i));
      refuse(missing);
      auto twice = parts;
      twice.insert(twice.begin() + ptrdiff_t(i), parts[i]);
      refuse(twice);
      for (const char *value :
           {"", "x", "-", "<", "<>", "'1'", "1 2", "1e", "0x10", "nan", "inf",
            "<tokens", "<tokens * past>", "<1 / 2>", "tokens"})
        replaced(name + " = " + value);
      replaced(parts[i].substr(name.size()));
      replaced(name + "_" + parts[i].substr(name.size()));
      replaced(name + parts[i].substr(name.size() + 2)); // without '='
      replaced(parts[i] + ")");
    }
  });
}

/// A number that does not fit is refused where it stands.
TEST(EveryInstruction, NumbersOutOfRangeHaveAColumn) {
  forEachInstruction([](auto prototype) {
    const auto parts = legalParts<decltype(prototype)>();
    auto check = [&](const FieldInfo &field, int64_t wrong) {
      std::string name = std::string(field.name) + " = ";
      auto bent = parts;
      auto part = std::ranges::find_if(
          bent, [&](const std::string &p) { return p.starts_with(name); });
      ASSERT_NE(part, bent.end());
      *part = name + std::to_string(wrong);
      std::string text = textOf(bent);
      size_t column = text.find(" " + *part) + 1 + name.size() + 1;
      EXPECT_EQ(assemblyError(text),
                "column " + std::to_string(column) + ": " + prototype.mnemonic +
                    ": field '" + field.name + "' is " + std::to_string(wrong) +
                    ", allowed are " + std::to_string(field.min) + " to " +
                    std::to_string(field.max));
    };
    decltype(prototype)::forEachField(
        prototype, [&](const FieldInfo &field, auto &value) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>,
                                       int64_t>)
            check(field, field.min - 1), check(field, field.max + 1);
        });
  });
}

TEST(Assembly, ErrorsPointAtWhatIsWrong) {
  const std::string line =
      "activation src_space = ddr, dst_space = chip, function = silu, channels "
      "= 64, rows = <tokens>, src = <0>, src_stride = <1>, dst = <2>, "
      "dst_stride = <1>";
  ASSERT_NO_THROW(assemble(line));
  auto errorWith = [&](const std::string &found, const std::string &instead) {
    std::string text = line;
    return assemblyError(text.replace(text.find(found), found.size(), instead));
  };
  EXPECT_EQ(assemblyError(""), "column 1: the line ends, expected the mnemonic "
                               "of an instruction");
  EXPECT_EQ(errorWith("activation", "relu"),
            "column 1: found 'relu', expected the mnemonic of an instruction");
  EXPECT_EQ(errorWith("ddr", "hbm"),
            "column 24: found 'hbm', expected one of ddr, chip");
  EXPECT_EQ(errorWith("= 64", "= 0"),
            "column 75: activation: field 'channels' is 0, allowed are 1 to "
            "16777215");
  EXPECT_EQ(errorWith("= 64", "= 99999999999999999999"),
            "column 75: found '99999999999999999999', expected an integer of "
            "64 bits");
  EXPECT_EQ(errorWith("= 64,", "=,"),
            "column 74: found ',', expected an integer of 64 bits");
  EXPECT_EQ(errorWith("<tokens>", "<tokens * past>"),
            "column 100: found '>', expected a product with a constant before "
            "it");
  EXPECT_EQ(errorWith("<tokens>", "<tokens + 2 * past>"),
            "column 87: found 'tokens', expected a constant plus a multiple (1 "
            "to 65535) of one request register: tokens, past, tokens + past, "
            "or one of the sums rounded up to 32");
  EXPECT_EQ(errorWith("<2>", "<549755813888>"),
            "column 131: activation: field 'dst' is 549755813888, allowed are "
            "-549755813888 to 549755813887");
  EXPECT_EQ(assemblyError(line + " wait <matrix, matrix>"),
            "column 167: found 'matrix', expected each name once");
  EXPECT_EQ(assemblyError(line + " wait <array>"),
            "column 159: found 'array', expected one of matrix, attention, "
            "vector, dma");
  EXPECT_EQ(assemblyError(line + " wait matrix"),
            "column 158: found 'matrix', expected '<'");
  EXPECT_EQ(assemblyError(line + " stream_wait <matrix>"),
            "column 153: found 'stream_wait', expected the end of the line");
  EXPECT_EQ(assemblyError(line + "\r\n"),
            "column 152: found '\\x0d', expected the end of the line");
}

/// Nested or long expressions end, one way or the other.
TEST(Assembly, ExpressionsAreBounded) {
  auto rows = [](const std::string &expression) {
    return "activation src_space = ddr, dst_space = ddr, function = silu, "
           "channels = 1, rows = <" +
           expression +
           ">, src = <0>, src_stride = <0>, dst = <0>, dst_stride = <0>";
  };
  auto repeated = [](const std::string &text, unsigned count) {
    std::string result;
    for (unsigned i = 0; i < count; ++i)
      result += text;
    return result;
  };
  auto nested = [&](unsigned depth) {
    return rows(repeated("(", depth) + "1" + repeated(")", depth));
  };
  EXPECT_NO_THROW(assemble(nested(31)));
  EXPECT_NE(assemblyError(nested(32)).find("expected fewer parentheses"),
            std::string::npos);
  EXPECT_NO_THROW(assemble(rows(repeated("1 + ", 100000) + "tokens")));
  EXPECT_NO_THROW(assemble(rows(repeated("1 * ", 100000) + "tokens")));
  for (const char *deep : {"(", "-", "- (", "1 * ("})
    EXPECT_NE(assemblyError(rows(repeated(deep, 1000000) + "1"))
                  .find("expected fewer parentheses"),
              std::string::npos)
        << deep;
  EXPECT_NE(assemblyError(rows(repeated("2 * ", 63) + "1"))
                .find("expected an expression that fits 64 bits"),
            std::string::npos);
  EXPECT_NE(assemblyError(rows("9223372036854775807 + 1"))
                .find("expected an expression that fits 64 bits"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Anything
//===----------------------------------------------------------------------===//

/// Whatever decodes has one text, which assembles to the same bits.
TEST(EveryInstruction, RandomBitsAreRefusedOrReadBack) {
  std::mt19937_64 random(3);
  forEachInstruction([&](auto prototype) {
    unsigned accepted = 0;
    for (unsigned round = 0; round < 20000; ++round) {
      auto words = wordsOf(randomInstruction<decltype(prototype)>(round));
      for (unsigned flips = round % 5; flips > 0; --flips)
        words[random() % words.size()] ^= uint64_t(1) << (random() % 64);
      if (round % 16 == 0)
        for (uint64_t &word : words)
          word &= random() | 0xFF;
      std::string text = disassemble(words);
      if (text.starts_with("illegal: "))
        continue;
      ++accepted;
      auto again = assemble(text);
      ASSERT_TRUE(std::equal(again.begin(), again.end(), words.begin()))
          << text;
    }
    EXPECT_GT(accepted, 4000u) << prototype.mnemonic;
  });
}

namespace {

/// Bends a line here and there: characters, words of the language, pieces of
/// itself.
class LineMutator {
public:
  explicit LineMutator(unsigned seed) : random(seed) {}

  std::string bend(std::string line) {
    for (unsigned i = 1 + below(4); i > 0; --i)
      bendOnce(line);
    return line;
  }
  std::string noise() {
    std::string line;
    for (unsigned i = below(30); i > 0; --i)
      line.append(word()).append(below(3) ? " " : "");
    return line;
  }

private:
  size_t below(size_t bound) { return random() % bound; }
  std::string word() {
    static const char *const words[] = {
        "vmm",      "end",  "softmax", "=",     ",",    "<",       ">",
        "(",        ")",    "+",       "-",     "*",    "ceildiv", "32",
        "tokens",   "past", "rows",    "true",  "chip", "hbm",     "wait",
        "matrix",   "-1",   "1e-5",    "65535", "0",    "1e999",   "nan",
        "\x80\xFF", "\t",   "1.5",     "--",    "<<",   "signal"};
    return below(8) ? words[below(std::size(words))]
                    : std::string(1, char(random()));
  }
  void bendOnce(std::string &line) {
    size_t at = below(line.size() + 1), length = below(12);
    switch (below(4)) {
    case 0:
      line.erase(at, length);
      break;
    case 1:
      line.insert(at, word());
      break;
    case 2:
      line.insert(at, line.substr(below(line.size() + 1), length));
      break;
    default:
      if (at < line.size())
        line[at] = char(random());
    }
  }

  std::mt19937_64 random;
};

/// True when the text is legal; it then stands for exactly one encoding.
bool isLegal(const std::string &text) {
  std::vector<uint64_t> words;
  try {
    words = assemble(text);
  } catch (const Error &error) {
    expectColumn(text, error.what());
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return false;
  }
  EXPECT_EQ(assemble(disassemble(words)), words) << text;
  return true;
}

} // namespace

TEST(Assembly, SurvivesAnyText) {
  LineMutator mutator(4);
  for (unsigned round = 0; round < 20000; ++round)
    isLegal(mutator.noise());
  forEachInstruction([&](auto prototype) {
    unsigned legal = 0;
    for (unsigned round = 0; round < 5000; ++round) {
      auto words = wordsOf(randomInstruction<decltype(prototype)>(round % 50));
      legal += isLegal(mutator.bend(disassemble(words)));
    }
    EXPECT_GT(legal, 0u) << prototype.mnemonic;
  });
}
