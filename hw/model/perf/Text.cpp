//===- Text.cpp - A study in a few lines ----------------------------------===//
#include "Analysis.h"
#include "Format.h"

#include <iomanip>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming;

/// A line "name     text"; a continued line has no name.
static void line(std::ostream &os, std::string_view name,
                 std::string_view text) {
  os << std::left << std::setw(10) << name << text << '\n';
}

static std::string speed(const PassTiming &pass) {
  std::optional<double> time = seconds(pass, pass.cycles);
  std::optional<double> rate = perSecond(pass, pass.tokens);
  std::string text = (rate ? shown(*rate) : kNoValue) + " token/s, " +
                     shownTime(time) + " the pass";
  if (pass.tokens > 1 && time)
    text += ", " + shownTime(*time / pass.tokens) + " a token";
  return text;
}

static std::string hbm(const PassTiming &pass) {
  return shownShare(ratio(hbmBusyCycles(pass), pass.cycles)) +
         " busy: " + shown(double(pass.hbmBytes), "B") + " read at " +
         shown(perSecond(pass, double(pass.hbmBytes)), "B/s") + " of " +
         shown(hbmPeakBytesPerSecond(pass), "B/s");
}

static std::string units(const PassTiming &pass) {
  std::string text;
  auto add = [&](std::string_view name, double busy) {
    text += (text.empty() ? "" : ", ") + std::string(name) + " " +
            shownShare(ratio(busy, pass.cycles));
  };
  for (unsigned unit = 0; unit < isa::kUnits; ++unit)
    add(isa::nameOf(isa::Unit(unit)), pass.unitBusy[unit]);
  add("ddr", pass.ddrBusy);
  return text;
}

/// "424 instructions, 15 a block,", without the rest where blocks differ.
static std::string instructions(const PassTiming &pass) {
  std::string text = std::to_string(pass.steps.size()) + " instructions";
  if (std::optional<size_t> steps = stepsPerLayer(pass))
    text += ", " + std::to_string(*steps) + " a block,";
  return text;
}

void perf::writeSummary(std::ostream &os, const Study &study) {
  const PassTiming &pass = study.pass;
  line(os, "modelled",
       study.model + " for target " + pass.target + "; nothing is measured");
  line(os, "pass", requestOf(study));
  line(os, "program",
       instructions(pass) + " in " + std::to_string(study.programBytes) +
           " bytes, the same for every request; one launch a pass");
  line(os, "speed", speed(pass));
  line(os, "HBM", hbm(pass));
  for (const model::Loss &loss : pass.losses)
    line(os, &loss == &pass.losses.front() ? "lost" : "",
         shownShare(ratio(loss.cycles, pass.cycles)) + " " + loss.cause);
  line(os, "units", units(pass));
}

void perf::writeComparisons(std::ostream &os, const Study &study) {
  auto row = [&](std::string_view name, std::string_view speed,
                 std::string_view busy) {
    os << std::left << std::setw(18) << name << std::right << std::setw(10)
       << speed << std::setw(12) << busy << '\n';
  };
  row("modelled", "token/s", "HBM busy");
  for (const Comparison &comparison : study.comparisons)
    row(comparison.name, shown(comparison.tokensPerSecond),
        shownShare(comparison.hbmUtilization));
}
