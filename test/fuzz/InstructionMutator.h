//===- InstructionMutator.h - Other values for fields -----------*- C++ -*-===//
#ifndef EDGELLM_TEST_FUZZ_INSTRUCTIONMUTATOR_H
#define EDGELLM_TEST_FUZZ_INSTRUCTIONMUTATOR_H

#include "../unit/ISA/RandomValues.h"

#include <span>

namespace edgellm::fuzz {

/// Gives one field of an instruction another legal value: any, or one near what
/// it has, because most of what any value leads to is refused at once.
class FieldMutator {
public:
  FieldMutator(unsigned seed, unsigned chosen)
      : values(seed), left(int(chosen)) {}

  template <typename Value>
  void operator()(const isa::FieldInfo &field, Value &value) {
    if (left-- == 0)
      change(field, value);
  }

private:
  template <typename Value>
  void change(const isa::FieldInfo &field, Value &value) {
    values(field, value);
  }
  void change(const isa::FieldInfo &field, int64_t &value) {
    if (values.random() % 4)
      value = std::clamp(near(value), field.min, field.max);
    else
      values(field, value);
  }
  void change(const isa::FieldInfo &field, isa::Affine &value) {
    using testing::kOffsetLimit;
    if (values.random() % 4)
      value.offset =
          std::clamp(near(value.offset), -kOffsetLimit, kOffsetLimit - 1);
    else if (values.random() % 2 && value.factor)
      value.factor = std::clamp<int64_t>(near(value.factor), 1, 0xFFFF);
    else
      values(field, value);
  }

  /// Far from overflow: fields have at most 40 bits.
  int64_t near(int64_t value) {
    switch (values.random() % 4) {
    case 0:
      return value + 1;
    case 1:
      return value - 1;
    case 2:
      return value * 2;
    default:
      return value + values.between(-200, 200);
    }
  }

  testing::RandomValues values;
  int left;
};

/// Changes the instruction at the start of `words`. Returns its length in
/// words, 0 when there is none.
inline unsigned mutateInstruction(std::span<uint64_t> words, unsigned seed) {
  isa::DecodeError error;
  auto change = [&](auto instruction) {
    unsigned fields = 0;
    instruction.forEachField(instruction, [&](auto &&...) { ++fields; });
    if (fields != 0)
      instruction.forEachField(instruction, FieldMutator(seed, seed % fields));
    isa::encode(instruction, words.data(), error);
  };
  return isa::decodeAndApply(words.data(), words.size(), change, error);
}

} // namespace edgellm::fuzz

#endif // EDGELLM_TEST_FUZZ_INSTRUCTIONMUTATOR_H
