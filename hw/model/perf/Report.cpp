//===- Report.cpp - A study as one HTML page ------------------------------===//
#include "Charts.h"
#include "Html.h"
#include "ReportStyle.h"

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming;

namespace {

class ReportWriter {
public:
  ReportWriter(std::ostream &os, const Study &study)
      : os(os), study(study), pass(study.pass) {}
  void write();

private:
  void writeHead();
  void writeFigures();
  void writeFigure(const std::string &value, std::string_view meaning);
  void writeHbmTime();
  void writeLegendEntry(std::string_view colour, std::string_view name,
                        double cycles);
  void writeTimeline();
  void writeRoofline();
  void writeUnitKeys();
  void writeBreakdown();
  void writeGroup(const StepGroup &group, double longest);
  void writeSpeeds();
  void writeTechniques();
  void writeComparison(const Comparison &row, double reference);
  void writeSlowest();
  void writeStep(const StepTiming &step, double advance);
  void writeFoot();

  /// A section without a picture or rows is left out.
  void writeSection(std::string_view title, std::string_view text,
                    const std::string &body);
  void open(std::string_view title, std::string_view text);
  void close() { os << "</section>\n"; }
  std::string share(double cycles) const {
    return shownShare(ratio(cycles, pass.cycles));
  }
  std::string time(double cycles) const {
    return shownTime(seconds(pass, cycles));
  }

  std::ostream &os;
  const Study &study;
  const PassTiming &pass;
};

} // namespace

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// A piece of a bar, `part` of its whole length.
static std::string bar(std::string_view colourClass, double part) {
  return "<i class=\"" + std::string(colourClass) +
         "\" style=\"width:" + fixed(std::clamp(part, 0.0, 1.0) * 100, 2) +
         "%\"></i>";
}

static std::string number(std::string_view text) {
  return "<td class=number>" + escaped(text) + "</td>";
}

void ReportWriter::open(std::string_view title, std::string_view text) {
  os << "<section>\n<h2>" << escaped(title) << "</h2>\n<p>" << escaped(text)
     << "</p>\n";
}

void ReportWriter::writeSection(std::string_view title, std::string_view text,
                                const std::string &body) {
  if (body.empty())
    return;
  open(title, text);
  os << "<div class=scroll>" << body << "</div>\n";
  close();
}

//===----------------------------------------------------------------------===//
// Top of the page
//===----------------------------------------------------------------------===//

void ReportWriter::writeHead() {
  std::string title = study.model + " on " + pass.target;
  os << "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        "<meta name=viewport content=\"width=device-width, "
        "initial-scale=1\">\n<title>"
     << escaped(title) << " (modelled)</title>\n<style>" << kReportStyle
     << "</style>\n</head>\n<body>\n<main>\n<header>\n"
        "<p class=eyebrow>EdgeLLM performance<b>modelled</b></p>\n<h1>"
     << escaped(title) << "</h1>\n<p class=request>"
     << escaped(requestOf(study)) << "</p>\n</header>\n";
}

/// `value` is "12.3 ms", a number and its unit, or a dash.
void ReportWriter::writeFigure(const std::string &value,
                               std::string_view meaning) {
  size_t space = value.rfind(' ');
  os << "<div><strong>" << escaped(value.substr(0, space));
  if (space != value.npos)
    os << "<small>" << escaped(value.substr(space + 1)) << "</small>";
  os << "</strong><span>" << escaped(meaning) << "</span></div>\n";
}

void ReportWriter::writeFigures() {
  std::optional<double> speed = perSecond(pass, pass.tokens);
  std::optional<double> passTime = seconds(pass, pass.cycles);
  os << "<div class=figures>\n";
  writeFigure(speed ? shown(*speed) + " token/s" : kNoValue,
              "modelled speed of the pass");
  writeFigure(
      shownTime(passTime ? ratio(*passTime, pass.tokens) : std::nullopt),
      pass.tokens == 1
          ? "a token, modelled"
          : "a token, modelled; " + shownTime(passTime) + " the pass");
  writeFigure(share(hbmBusyCycles(pass)), "HBM busy, modelled");
  writeFigure(shown(perSecond(pass, double(pass.hbmBytes)), "B/s"),
              "read from HBM, modelled, of " +
                  shown(hbmPeakBytesPerSecond(pass), "B/s"));
  os << "</div>\n";
}

//===----------------------------------------------------------------------===//
// Where the time of the HBM goes
//===----------------------------------------------------------------------===//

static std::string lossColour(size_t index) {
  return "background:var(--loss" + std::to_string(index % kLossColours) + ")";
}

void ReportWriter::writeLegendEntry(std::string_view colour,
                                    std::string_view name, double cycles) {
  os << "<li><i class=swatch style=\"" << colour << "\"></i><span>"
     << escaped(name) << "</span><em>" << time(cycles) << "</em><em>"
     << share(cycles) << "</em></li>\n";
}

void ReportWriter::writeHbmTime() {
  open("Where the time of the HBM goes",
       "Busy is the time that the bytes of the pass take when every port "
       "delivers in every cycle. The rest of the pass is shown by its cause.");
  auto piece = [&](const std::string &colour, double cycles) {
    double part = ratio(cycles, pass.cycles).value_or(0);
    os << "<i style=\"" << colour << ";flex:" << fixed(part * 1000, 3)
       << "\"></i>";
  };
  const std::string busyColour = "background:var(--dma)";
  os << "<div class=stack>";
  piece(busyColour, hbmBusyCycles(pass));
  for (size_t i = 0; i < pass.losses.size(); ++i)
    piece(lossColour(i), pass.losses[i].cycles);
  os << "</div>\n<ul class=legend>\n";
  writeLegendEntry(busyColour, "busy", hbmBusyCycles(pass));
  for (size_t i = 0; i < pass.losses.size(); ++i)
    writeLegendEntry(lossColour(i), pass.losses[i].cause,
                     pass.losses[i].cycles);
  os << "</ul>\n";
  close();
}

//===----------------------------------------------------------------------===//
// Pictures
//===----------------------------------------------------------------------===//

void ReportWriter::writeTimeline() {
  std::optional<uint64_t> layer = timelineLayer(pass);
  std::string what =
      layer ? "layer " + std::to_string(*layer) : std::string("the pass");
  writeSection("What the units do during " + what,
               "The HBM stream runs ahead of the products that take it. Pale "
               "ends: operands are read, results still being written; faint "
               "bars belong to neighbouring layers.",
               timelineChart(study));
}

void ReportWriter::writeUnitKeys() {
  os << "<p class=keys>";
  for (const char *unit : {"matrix", "attention", "vector", "sequencer"})
    os << "<span><i class=\"swatch " << unit << "\"></i>" << unit << "</span>";
  os << "</p>\n";
}

void ReportWriter::writeRoofline() {
  writeSection("Roofline",
               "A dot is a kind of step over all layers, its area the share of "
               "the bytes it reads. Its time is that of its stream or of its "
               "unit, whichever is longer.",
               rooflineChart(study));
}

void ReportWriter::writeSpeeds() {
  writeSection("Decode speed as the cache fills",
               "One new token after so many cached ones: every token adds keys "
               "and values to be read.",
               speedChart(study));
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

void ReportWriter::writeGroup(const StepGroup &group, double longest) {
  StepTiming unitOnly;
  unitOnly.unit = group.unit;
  unitOnly.isControl = group.isControl;
  os << "<tr><td>" << escaped(group.kind);
  if (group.kind != group.mnemonic)
    os << "<small>" << escaped(group.mnemonic) << "</small>";
  os << "</td>" << number(std::to_string(group.steps)) << "<td class=meter>"
     << bar(unitOf(unitOnly), ratio(group.advance, longest).value_or(0))
     << "</td>" << number(share(group.advance)) << number(time(group.advance))
     << number(group.hbmBytes ? shown(double(group.hbmBytes), "B") : kNoValue)
     << "</tr>\n";
}

void ReportWriter::writeBreakdown() {
  std::vector<StepGroup> groups = groupSteps(pass);
  if (groups.empty())
    return;
  std::vector<size_t> order =
      orderBy(groups.size(), [&](size_t i) { return -groups[i].advance; });
  open("Steps of the pass, by kind",
       "Summed over the layers. A step counts from the end of the step that "
       "ended before it to its own end, so that the shares make up the pass "
       "however much the steps overlap.");
  os << "<div class=scroll><table>\n<tr><th>step</th><th class=number>count"
        "</th><th></th><th class=number>share</th><th class=number>time</th>"
        "<th class=number>HBM</th></tr>\n";
  for (size_t i : order)
    writeGroup(groups[i], groups[order.front()].advance);
  os << "</table></div>\n";
  writeUnitKeys();
  close();
}

/// What one missing technique means, or all of them.
static std::string_view consequence(const model::TimingOptions &options) {
  size_t off = switchedOff(options).size();
  if (off == techniques().size())
    return "the machine of the paper";
  for (const Technique &technique : techniques())
    if (off == 1 && !(options.*technique.enabled))
      return technique.without;
  return {};
}

void ReportWriter::writeComparison(const Comparison &row, double fastest) {
  double part = ratio(row.tokensPerSecond, fastest).value_or(0);
  const Comparison &reference = study.comparisons.front();
  std::optional<double> worth =
      ratio(reference.tokensPerSecond, row.tokensPerSecond);
  bool isReference = &row == &reference;
  os << "<tr><td>" << escaped(row.name) << "<small>"
     << escaped(consequence(row.options)) << "</small></td><td class=meter>"
     << bar(isReference ? "dma" : "matrix", part) << "</td>"
     << number(shown(row.tokensPerSecond))
     << number(isReference || !worth ? "–" : fixed(*worth, 2) + " ×")
     << number(shownShare(row.hbmUtilization)) << "</tr>\n";
}

void ReportWriter::writeTechniques() {
  if (study.comparisons.empty())
    return;
  double fastest =
      std::ranges::max(study.comparisons, {}, &Comparison::tokensPerSecond)
          .tokensPerSecond;
  open(
      "What each technique is worth",
      "The same pass with one technique switched off at a time, and with none. "
      "Worth is how much faster the pass is with everything on.");
  os << "<div class=scroll><table>\n<tr><th>configuration</th><th></th><th "
        "class=number>token/s</th><th class=number>worth</th><th "
        "class=number>HBM busy</th></tr>\n";
  for (const Comparison &row : study.comparisons)
    writeComparison(row, fastest);
  os << "</table></div>\n";
  close();
}

void ReportWriter::writeStep(const StepTiming &step, double advance) {
  std::optional<double> rate =
      ratio(double(step.hbmReadBytes) * pass.coreMHz * 1e6,
            step.streamEnd - step.streamStart);
  os << "<tr>" << number(std::to_string(step.index)) << "<td>"
     << escaped(step.source.empty() ? "–" : step.source) << "<small>"
     << escaped(step.mnemonic) << "</small></td><td><i class=\"swatch "
     << unitOf(step) << "\"></i> " << unitOf(step) << "</td>"
     << number(time(step.start)) << number(time(step.end - step.start))
     << number(time(advance))
     << number(step.hbmReadBytes ? shown(double(step.hbmReadBytes), "B")
                                 : kNoValue)
     << number(step.streams && step.hbmReadBytes ? shown(rate, "B/s")
                                                 : kNoValue)
     << "<td>" << escaped(step.bound) << "</td></tr>\n";
}

void ReportWriter::writeSlowest() {
  constexpr size_t most = 16;
  std::vector<double> advance = advances(pass);
  std::vector<size_t> order =
      orderBy(advance.size(), [&](size_t i) { return -advance[i]; });
  order.resize(std::min(order.size(), most));
  if (order.empty())
    return;
  open("The slowest steps",
       "Those that move the end of the pass furthest. Bound is what ended last "
       "and so set the end of the step.");
  os << "<div class=scroll><table>\n<tr><th class=number>#</th><th>step</th>"
        "<th>unit</th><th class=number>starts</th><th class=number>runs</th>"
        "<th class=number>adds</th><th class=number>HBM read</th><th "
        "class=number>rate</th><th>bound</th></tr>\n";
  for (size_t i : order)
    writeStep(pass.steps[i], advance[i]);
  os << "</table></div>\n";
  close();
}

//===----------------------------------------------------------------------===//
// The page
//===----------------------------------------------------------------------===//

void ReportWriter::writeFoot() {
  os << "<footer>Every figure on this page is modelled, none is measured. "
        "Core clock "
     << shown(pass.coreMHz) << " MHz, " << shown(pass.cycles)
     << " cycles from the launch to the status packet, "
     << plural(pass.steps.size(), "instruction")
     << ". What the model assumes: hw/timing.md.</footer>\n"
        "</main>\n</body>\n</html>\n";
}

void ReportWriter::write() {
  writeHead();
  writeFigures();
  writeHbmTime();
  writeTimeline();
  writeRoofline();
  writeBreakdown();
  writeSpeeds();
  writeTechniques();
  writeSlowest();
  writeFoot();
}

void perf::writeReport(std::ostream &os, const Study &study) {
  ReportWriter(os, study).write();
}
