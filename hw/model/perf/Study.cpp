//===- Study.cpp - A pass of a package, timed -----------------------------===//
#include "EdgeLLM/Perf/Study.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::perf;

/// Cached tokens before a pass of one token, when --past is not given.
static constexpr uint64_t kDefaultPast = 128;

std::vector<Option> perf::passOptions(PassArguments &a) {
  constexpr uint64_t most = uint64_t(1) << 20;
  std::vector<Option> list{
      {"--tokens", "T", "new tokens of the pass; 1 when it is not given",
       Integer{&a.tokens, 1, most}},
      {"--past", "P",
       "cached tokens before them; when it is not given 0 for more than one "
       "new token, and for one 128 or what the context has room for",
       Integer{&a.past, 0, most}},
      {"--entry", "NAME",
       "entry point of the program; default: decode for one token if there is "
       "one, else the first that takes so many",
       Text{&a.entry}},
      {"--target", "NAME|FILE",
       "another machine that the program fits, by name or as a .json file; "
       "default: the package's",
       Text{&a.target}},
      {"--compare", "",
       "also show the pass with each technique off, and with all off",
       Flag{&a.compare}},
  };
  for (size_t i = 0; i < techniques().size(); ++i) {
    const Technique &technique = techniques()[i];
    list.push_back(
        {technique.option, "", technique.without, Flag{&a.off.at(i)}});
  }
  list.push_back({"--unpipelined", "",
                  "all of these: the machine of the EdgeLLM paper",
                  Flag{&a.unpipelined}});
  return list;
}

static model::TimingOptions timingOptions(const PassArguments &a) {
  if (a.unpipelined)
    return unpipelined();
  model::TimingOptions options;
  for (size_t i = 0; i < techniques().size(); ++i)
    options.*techniques()[i].enabled = !a.off[i];
  return options;
}

/// "decode (1 token), generate (512 tokens)"
static std::string entriesOf(const Program &program) {
  std::string list;
  for (const Entry &entry : program.entries)
    list += (list.empty() ? "" : ", ") + entry.name + " (" +
            std::to_string(entry.maxTokens) +
            (entry.maxTokens == 1 ? " token)" : " tokens)");
  return list;
}

static const Entry &entryFor(const Program &program, uint64_t tokens,
                             const std::string &origin) {
  const Entry *decode = program.findEntry("decode");
  if (tokens == 1 && decode)
    return *decode;
  auto found = std::ranges::find_if(program.entries, [&](const Entry &entry) {
    return tokens <= entry.maxTokens;
  });
  if (found == program.entries.end())
    fail(origin, ": no entry takes ", tokens, " tokens; found ",
         entriesOf(program));
  return *found;
}

static const Entry &chooseEntry(const PassArguments &a, const Program &program,
                                const std::string &origin) {
  if (!a.entry)
    return entryFor(program, a.tokens.value_or(1), origin);
  if (const Entry *entry = program.findEntry(*a.entry))
    return *entry;
  fail(origin, ": no entry '", *a.entry, "'; found ", entriesOf(program));
}

static uint32_t choosePast(const PassArguments &a, const Program &program) {
  uint64_t tokens = a.tokens.value_or(1);
  if (a.past)
    return uint32_t(*a.past);
  uint64_t room = program.context > tokens ? program.context - tokens : 0;
  return tokens == 1 ? uint32_t(std::min(kDefaultPast, room)) : 0;
}

/// A target given by path needs no installation.
static Target targetNamed(const std::string &nameOrPath) {
  if (nameOrPath.ends_with(".json"))
    return loadTarget(nameOrPath);
  return findTarget(nameOrPath, shareDirectory() / "targets");
}

Study perf::studyPackage(const Package &package, const PassArguments &a,
                         bool report) {
  const Manifest &manifest = package.manifest();
  std::string origin = (package.directory() / manifest.program).string();
  Program program = parseProgram(package.map(manifest.program).bytes(), origin);
  const Entry &entry = chooseEntry(a, program, origin);
  Target target = targetNamed(a.target.value_or(manifest.target));
  uint32_t tokens = uint32_t(a.tokens.value_or(1));
  uint32_t past = choosePast(a, program);
  auto timeWith = [&](const model::TimingOptions &options) {
    return model::timePass(program, entry, target, tokens, past, options);
  };

  Study study;
  study.model = manifest.model + " (" + manifest.weights + ")";
  study.programBytes = uint64_t(entry.packets) * isa::kPacketBytes;
  study.options = timingOptions(a);
  study.pass = timeWith(study.options);
  if (a.compare || report)
    study.comparisons = compareTechniques(timeWith);
  if (report) {
    const Entry &decode = entryFor(program, 1, origin);
    study.speeds = speedByPast(
        [&](uint32_t cached) {
          return model::timePass(program, decode, target, 1, cached,
                                 study.options);
        },
        program.context - 1);
  }
  return study;
}
