//===- edgellm-perf.cpp - How fast a program is, by the timing model ------===//
#include "EdgeLLM/Perf/Study.h"
#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/Tool.h"

#include <sstream>

using namespace edgellm;

namespace {

struct Arguments {
  std::string package;
  perf::PassArguments pass;
  std::optional<std::string> trace, report;
  bool json = false;
};

} // namespace

static std::vector<Example> examples() {
  return {
      {"edgellm-perf demo.pkg", "one new token after 128 cached ones"},
      {"edgellm-perf demo.pkg --tokens 128", "a prompt of 128 tokens"},
      {"edgellm-perf demo.pkg --compare",
       "what each technique is worth: a table with one off at a time"},
      {"edgellm-perf demo.pkg --report demo.html --trace demo.json",
       "a page with pictures, and a trace for ui.perfetto.dev"},
      {"edgellm-perf demo.pkg --past 1000 --json",
       "one JSON object; docs/performance.md has its fields"},
  };
}

static std::vector<Option> options(Arguments &a) {
  std::vector<Option> list = perf::passOptions(a.pass);
  list.push_back(
      {"--json", "", "print one JSON object instead of text", Flag{&a.json}});
  list.push_back({"--trace", "FILE", "write a trace that ui.perfetto.dev opens",
                  Text{&a.trace}});
  list.push_back({"--report", "FILE.html",
                  "write a page that any browser opens", Text{&a.report}});
  return list;
}

static CommandLine commandLine(Arguments &a) {
  return {"edgellm-perf",
          "Says how long one pass of a compiled model takes, by the timing "
          "model of the accelerator: modelled, not measured. Reads no weights.",
          examples(),
          {{"PKG", "folder made by edgellm-compile", &a.package}},
          options(a)};
}

static void writeFile(const std::string &path, const perf::Study &study,
                      void (*write)(std::ostream &, const perf::Study &)) {
  std::ostringstream text;
  write(text, study);
  AtomicFile file(path);
  file.write(text.str());
  file.commit();
}

static void writeOutputs(const Arguments &a, const perf::Study &study) {
  if (a.trace)
    writeFile(*a.trace, study, perf::writeTrace);
  if (a.report)
    writeFile(*a.report, study, perf::writeReport);
  std::ostringstream text;
  if (a.json)
    perf::writeJson(text, study);
  else
    perf::writeSummary(text, study);
  if (a.pass.compare && !a.json) {
    text << '\n';
    perf::writeComparisons(text, study);
  }
  print(text.str());
}

static void run(const Arguments &a) {
  writeOutputs(
      a, perf::studyPackage(Package(a.package), a.pass, a.report.has_value()));
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] { run(arguments); });
}
