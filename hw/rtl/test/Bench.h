//===- Bench.h - The RTL under test, clocked --------------------*- C++ -*-===//
#ifndef EDGELLM_HW_RTL_TEST_BENCH_H
#define EDGELLM_HW_RTL_TEST_BENCH_H

#include "Vedgellm_bench.h"
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace edgellm::rtl {

/// The Verilated modules of edgellm_bench.sv. Inputs are set, then cycle()
/// takes them over; outputs are those after it.
class Bench {
public:
  Bench() : context(new VerilatedContext), top(new Vedgellm_bench{&*context}) {
    top->clk = 0;
    top->valid = 0;
    top->mutant = mutant();
    top->eval();
  }
  ~Bench() { top->final(); }

  Vedgellm_bench &operator*() { return *top; }
  Vedgellm_bench *operator->() { return &*top; }

  void cycle() {
    top->clk = 1;
    top->eval();
    top->clk = 0;
    top->eval();
  }
  void reset() {
    top->rst = 1;
    top->valid = 0;
    cycle();
    top->rst = 0;
  }

  bool hasInt4() const { return top->modes & 1; }
  bool hasFp16() const { return top->modes & 2; }

private:
  /// EDGELLM_RTL_MUTANT; 0 without.
  static unsigned mutant() {
    const char *text = std::getenv("EDGELLM_RTL_MUTANT");
    return text ? unsigned(std::atoi(text)) : 0;
  }

  std::unique_ptr<VerilatedContext> context;
  std::unique_ptr<Vedgellm_bench> top;
};

} // namespace edgellm::rtl

#endif // EDGELLM_HW_RTL_TEST_BENCH_H
