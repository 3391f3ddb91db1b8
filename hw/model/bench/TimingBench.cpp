#include "EdgeLLM/Model/Timing.h"
#include "TimedPrograms.h"
#include "EdgeLLM/Support/Installation.h"
#include <chrono>
#include <cstdio>
#include <iostream>
using namespace edgellm;
int main() {
  try {
    Target t = findTarget("vcu128", shareDirectory() / "targets");
    model::TimingOptions off{false, false, false, false, false};
    {
      Program p = bench::productProgram(t, 4096, 4096);
      auto r = model::timePass(p, p.entries[0], t, 1, 0, off);
      auto &s = r.steps[1];
      std::printf("%f us step %f\n", r.seconds() * 1e6, (s.end - s.start) / 140);
    }
    Program p = bench::DecoderBuilder(bench::kChatGlm2, t, 1, 2048).build();
    for (auto o : {model::TimingOptions{}, off}) {
      auto a = std::chrono::steady_clock::now();
      auto r = model::timePass(p, p.entries[0], t, 1, 127, o);
      auto b = std::chrono::steady_clock::now();
      std::printf("decode %f tok/s hbm %f  wall %f\n", r.tokensPerSecond(), r.hbmUtilization(), std::chrono::duration<double>(b - a).count());
      double sum = r.hbmBytes / r.hbmPeakBytesPerCycle;
      for (auto &l : r.losses) { sum += l.cycles; std::printf("  %-60s %10.1f %.3f%%\n", l.cause.c_str(), l.cycles, 100 * l.cycles / r.cycles); }
      std::printf("sum %f cycles %f\n", sum, r.cycles);
      for (int i = 0; i < 34; ++i) { auto &s = r.steps[i]; std::printf("%3d %-18s %-20s d %9.0f s %9.0f i %9.0f e %9.0f | st %9.0f %9.0f %s\n", i, s.mnemonic.c_str(), s.source.c_str(), s.dispatched, s.start, s.issued, s.end, s.streamStart, s.streamEnd, s.bound.c_str()); }
    }
  } catch (const Error &e) { std::cerr << e.what() << "\n"; return 1; }
}
