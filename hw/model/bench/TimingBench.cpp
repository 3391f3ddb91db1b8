//===- TimingBench.cpp - What the timing model says, and how fast ---------===//
//
// Prints the model's calibration beside the paper, a decode pass of ChatGLM2-6B
// with each technique switched off, LLaMA2-7B beside FlightLLM, and how long
// the model itself takes. Without arguments it times programs written by hand
// (TimedPrograms.h); each argument is a package whose program is timed too.
//
//===----------------------------------------------------------------------===//
#include "Calibration.h"
#include "EdgeLLM/Package/Package.h"
#include "EdgeLLM/Support/Installation.h"

#include <chrono>
#include <cstdio>
#include <iostream>

using namespace edgellm;
using namespace edgellm::bench;
using model::PassTiming;
using model::TimingOptions;

namespace {

Target targetOf(const std::string &name) {
  return findTarget(name, shareDirectory() / "targets");
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

void printProduct(const char *name, const NamedMatrix &matrix,
                  const Target &target) {
  ProductTiming timing = timeProduct(target, matrix.inputs, matrix.outputs);
  std::printf("  %-20s %6d x %5d  %9.2f us  %5.1f %%\n", name,
              int(matrix.inputs), int(matrix.outputs), timing.microseconds,
              100 * timing.utilization());
}

void printCalibration() {
  Target target = targetOf("vcu128");
  std::printf("Calibration, vcu128, all techniques off (modelled)\n"
              "fitted: bursts in flight, to the paper's 4096 x 4096 product of "
              "%.1f us\n",
              kPapersProductMicroseconds);
  for (unsigned bursts = 1; bursts <= 5; ++bursts) {
    Target other = target;
    other.timing.unpipelinedBurstsInFlight = bursts;
    ProductTiming timing = timeProduct(other, 4096, 4096);
    std::printf("  %u in flight%s  %9.2f us  %+6.1f %%\n", bursts,
                bursts == target.timing.unpipelinedBurstsInFlight ? " *" : "  ",
                timing.microseconds,
                100 * (timing.microseconds / kPapersProductMicroseconds - 1));
  }
  std::printf("predicted: utilisation of ChatGLM2-6B's matrices (the paper: "
              "about %.0f %% on average)\n",
              100 * kPapersUtilization);
  for (const NamedMatrix &matrix : kChatGlm2Matrices)
    printProduct(matrix.name, matrix, target);
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

struct TimedPass {
  PassTiming timing;
  double wallSeconds;
};

TimedPass timed(const Program &program, const Entry &entry,
                const Target &target, uint32_t tokens, uint32_t past,
                const TimingOptions &options = {}) {
  auto before = std::chrono::steady_clock::now();
  PassTiming timing =
      model::timePass(program, entry, target, tokens, past, options);
  std::chrono::duration<double> wall =
      std::chrono::steady_clock::now() - before;
  return {std::move(timing), wall.count()};
}

void printPass(const std::string &name, const TimedPass &pass) {
  const PassTiming &timing = pass.timing;
  std::printf("  %-28s %10.3f ms %8.2f token/s  HBM %5.1f %%  array %5.1f %%  "
              "(timed in %.3f s)\n",
              name.c_str(), timing.seconds() * 1e3, timing.tokensPerSecond(),
              100 * timing.hbmUtilization(),
              100 * timing.arrayBusy / timing.cycles, pass.wallSeconds);
}

void printLosses(const PassTiming &timing) {
  for (const model::Loss &loss : timing.losses)
    if (loss.cycles >= 1e-4 * timing.cycles)
      std::printf("    %6.2f %%  %s\n", 100 * loss.cycles / timing.cycles,
                  loss.cause.c_str());
}

void printTechniques(const Program &program, const Entry &entry,
                     const Target &target, uint32_t past) {
  struct {
    const char *name;
    bool TimingOptions::*technique;
  } const techniques[] = {
      {"without prefetch", &TimingOptions::prefetch},
      {"without overlap", &TimingOptions::overlap},
      {"without chaining", &TimingOptions::chaining},
      {"without lookahead", &TimingOptions::lookahead},
      {"without deep bursts", &TimingOptions::deepBursts},
  };
  TimedPass all = timed(program, entry, target, 1, past);
  printPass("everything on", all);
  printLosses(all.timing);
  for (auto [name, technique] : techniques) {
    TimingOptions options;
    options.*technique = false;
    printPass(name, timed(program, entry, target, 1, past, options));
  }
  TimedPass none = timed(program, entry, target, 1, past, kPapersMachine);
  printPass("everything off", none);
  printLosses(none.timing);
}

void printChatGlm2() {
  Target target = targetOf("vcu128");
  std::printf("\nChatGLM2-6B, vcu128, 128 tokens in the cache (modelled)\n");
  Program decode = DecoderBuilder(kChatGlm2, target, 1, 2048).build();
  printTechniques(decode, decode.entries[0], target, 128);
  std::printf("longer caches, and prefill\n");
  for (uint32_t past : {511u, 1023u, 2047u})
    printPass("decode at " + std::to_string(past + 1),
              timed(decode, decode.entries[0], target, 1, past));
  Program prefill = DecoderBuilder(kChatGlm2, target, 2048, 2048).build();
  for (uint32_t tokens : {128u, 2048u})
    printPass("prefill of " + std::to_string(tokens),
              timed(prefill, prefill.entries[0], target, tokens, 0));
}

/// Seconds for `tokens` decode passes after a prompt, from every 32nd of them:
/// a pass hardly differs from its neighbours.
double decodeSeconds(const Program &program, const Target &target,
                     uint32_t prompt, uint32_t tokens) {
  constexpr uint32_t kStep = 32;
  double seconds = 0;
  for (uint32_t i = 0; i < tokens; i += kStep)
    seconds += kStep * timed(program, program.entries[0], target, 1, prompt + i)
                           .timing.seconds();
  return seconds;
}

void printFlightLlm() {
  Target target = targetOf("vhk158");
  Program decode = DecoderBuilder(kLlama2, target, 1, 2048).build();
  Program prefill = DecoderBuilder(kLlama2, target, 2048, 2048).build();
  auto milliseconds = [&](const Program &program, uint32_t tokens,
                          uint32_t past) {
    return timed(program, program.entries[0], target, tokens, past)
               .timing.seconds() *
           1e3;
  };
  auto rate = [&](uint32_t tokens) {
    return tokens / decodeSeconds(decode, target, 128, tokens);
  };
  std::printf("\nLLaMA2-7B, vhk158 (modelled), beside FlightLLM's simulator\n");
  auto line = [](const char *what, double ours, double theirs,
                 const char *unit) {
    std::printf("  %-28s %8.2f %-8s FlightLLM %8.2f\n", what, ours, unit,
                theirs);
  };
  line("prefill of 128", milliseconds(prefill, 128, 0), 289.9, "ms");
  line("prefill of 512", milliseconds(prefill, 512, 0), 1181.4, "ms");
  line("decode pass at 512", milliseconds(decode, 1, 511), 9.81, "ms");
  line("512 tokens after 128", rate(512), 103.5, "token/s");
  line("1536 tokens after 128", rate(1536), 95.4, "token/s");
}

void printPackage(const std::string &path) {
  Package package(path);
  Target target = targetOf(package.manifest().target);
  MappedFile file = package.map(package.manifest().program);
  Program program = parseProgram(file.bytes(), file.path().string());
  std::printf("\n%s, %s (modelled)\n", path.c_str(), target.name.c_str());
  for (const Entry &entry : program.entries) {
    std::printf("entry %s, %u instructions\n", entry.name.c_str(),
                entry.instructions);
    uint32_t past = std::min(128u, program.context - 1);
    printTechniques(program, entry, target, past);
    uint32_t tokens = std::min(entry.maxTokens, program.context);
    if (tokens > 1)
      printPass("prefill of " + std::to_string(tokens),
                timed(program, entry, target, tokens, 0));
  }
}

} // namespace

int main(int argc, char **argv) {
  try {
    printCalibration();
    printChatGlm2();
    printFlightLlm();
    for (int i = 1; i < argc; ++i)
      printPackage(argv[i]);
  } catch (const Error &error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
