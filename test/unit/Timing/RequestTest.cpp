//===- RequestTest.cpp - What the timing model refuses --------------------===//
#include "../Testing.h"
#include "TimingTesting.h"

using namespace edgellm;
using namespace edgellm::bench;
using namespace edgellm::test;

namespace {

std::string errorOf(const Program &program, const Target &target,
                    uint32_t tokens, uint32_t past) {
  return edgellm::testing::errorOf([&] {
    model::timePass(program, program.entries[0], target, tokens, past);
  });
}

} // namespace

TEST(TimingRequest, Limits) {
  Target tiny = targetOf("tiny");
  Program program = productProgram(tiny, 128, 32); // context 32
  EXPECT_EQ(errorOf(program, tiny, 0, 0),
            "entry 'decode': a pass of 0 tokens, allowed are 1 to 1");
  EXPECT_EQ(errorOf(program, tiny, 2, 0),
            "entry 'decode': a pass of 2 tokens, allowed are 1 to 1");
  EXPECT_NO_THROW(model::timePass(program, program.entries[0], tiny, 1, 31));
  EXPECT_EQ(errorOf(program, tiny, 1, 32),
            "entry 'decode': 32 tokens in the cache and 1 new ones, the "
            "program's context is 32");
  EXPECT_NE(errorOf(program, tiny, 1, 0xFFFFFFFF), "");
}

TEST(TimingRequest, ProgramOfAnotherMachine) {
  Program program = productProgram(targetOf("vcu128"), 128, 32);
  EXPECT_EQ(errorOf(program, targetOf("tiny"), 1, 0),
            "the program deals its weights over 32 HBM ports, target tiny has "
            "8");
  Target small = targetOf("vcu128");
  small.buffers.activationBits /= 2;
  EXPECT_EQ(errorOf(program, small, 1, 0),
            "the program uses 16384 packets of the activation buffer, target "
            "vcu128 has 8192");
}
