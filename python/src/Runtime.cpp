//===- Runtime.cpp - edgellm._edgellm: packages and sessions in Python ----===//
//
// What the classes of python/edgellm stand on: it knows types, lifetimes and
// the lock of the interpreter; the Python side has names and documentation.
//
//===----------------------------------------------------------------------===//
#include "Arguments.h"
#include "EdgeLLM/Perf/Study.h"
#include "EdgeLLM/Runtime/EncodedText.h"
#include "EdgeLLM/Runtime/Perplexity.h"
#include "EdgeLLM/Support/Half.h"
#include "SharedSession.h"

#include <algorithm>
#include <pybind11/numpy.h>
#include <sstream>

using namespace edgellm;
using namespace edgellm::python;

using Options = std::vector<std::string>;
using Floats = py::array_t<float>;

//===----------------------------------------------------------------------===//
// Packages
//===----------------------------------------------------------------------===//

static std::string manifestText(const Package &package) {
  return formatManifest(package.manifest(), package.directory().string());
}

/// The JSON object of edgellm-perf.
static std::string modelled(const Package &package, const Options &given) {
  perf::PassArguments arguments;
  parseOptions(perf::passOptions(arguments), given);
  py::gil_scoped_release unlocked;
  std::ostringstream text;
  perf::writeJson(text, perf::studyPackage(package, arguments));
  return text.str();
}

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

static std::shared_ptr<SharedSession> openSession(const Package &package,
                                                  const std::string &xclbin) {
  py::gil_scoped_release unlocked;
  return std::make_shared<SharedSession>(package, xclbin);
}

static std::vector<uint32_t> idsFor(const SharedSession &session,
                                    const py::object &ids) {
  return idsOf(ids, session.info().manifest().vocabulary);
}

static uint32_t forward(SharedSession &shared, const py::object &sequence) {
  std::vector<uint32_t> ids = idsFor(shared, sequence);
  return shared.change(
      [&](Session &session) { return session.forward(ids).argmax; });
}

static void append(std::vector<float> &values, std::span<const uint16_t> row) {
  std::ranges::transform(row, std::back_inserter(values), halfToFloat);
}

/// An array that owns the values and copies nothing.
static Floats arrayOf(std::vector<float> values,
                      std::vector<py::ssize_t> shape) {
  auto kept = std::make_unique<std::vector<float>>(std::move(values));
  float *data = kept->data();
  py::capsule owner(kept.get(), [](void *values) {
    delete static_cast<std::vector<float> *>(values);
  });
  kept.release();
  return Floats(std::move(shape), data, owner);
}

static Floats logits(SharedSession &shared) {
  std::vector<float> values;
  shared.use([&](Session &session) { append(values, session.logits()); });
  auto columns = py::ssize_t(values.size());
  return arrayOf(std::move(values), {columns});
}

static Floats score(SharedSession &shared, const py::object &sequence) {
  std::vector<uint32_t> ids = idsFor(shared, sequence);
  auto rows = py::ssize_t(ids.size());
  std::vector<float> values;
  shared.change([&](Session &session) {
    session.score(ids, [&](std::span<const uint16_t> row) {
      values.reserve(ids.size() * row.size());
      append(values, row);
    });
  });
  auto columns = py::ssize_t(shared.info().manifest().vocabulary);
  return arrayOf(std::move(values), {rows, columns});
}

static std::shared_ptr<TokenStream>
startGeneration(const std::shared_ptr<SharedSession> &session,
                const py::object &prompt, bool resume, const Options &given) {
  GenerationArguments arguments;
  parseOptions(generationOptions(arguments), given);
  arguments.feedLast = resume;
  return std::make_shared<TokenStream>(session, arguments,
                                       idsFor(*session, prompt), !resume);
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

static std::vector<uint32_t> cachedIds(SharedSession &shared) {
  return shared.use([](Session &session) {
    return std::vector<uint32_t>(session.ids().begin(), session.ids().end());
  });
}

static uint32_t past(SharedSession &shared) {
  return shared.use([](Session &session) { return session.past(); });
}

static uint32_t selected(SharedSession &shared) {
  return shared.use([](Session &session) { return session.selected(); });
}

static void rewindCache(SharedSession &shared, const py::object &position) {
  uint64_t kept = integerOf(position, 0, past(shared), "position");
  shared.change([&](Session &session) { session.rewind(kept); });
}

static void saveCache(SharedSession &shared, const std::string &file) {
  shared.use([&](Session &session) { session.save(file); });
}

static void loadCache(SharedSession &shared, const std::string &file) {
  shared.change([&](Session &session) { session.load(file); });
}

static void selectText(SharedSession &shared, const py::object &sequence) {
  uint64_t chosen =
      integerOf(sequence, 0, shared.info().sequences() - 1, "sequence");
  shared.change([&](Session &session) { session.select(uint32_t(chosen)); });
}

//===----------------------------------------------------------------------===//
// Perplexity
//===----------------------------------------------------------------------===//

static double perplexity(SharedSession &shared, const py::object &sequence,
                         const py::object &window, const py::object &progress) {
  std::vector<uint32_t> ids = idsFor(shared, sequence);
  uint64_t context = shared.info().manifest().context;
  uint64_t tokens = window.is_none() ? kDefaultWindow
                                     : integerOf(window, 1, context, "window");
  return shared.change([&](Session &session) {
    SessionScorer scorer(session);
    PerplexityObserver observer;
    observer.progress = [&](const Perplexity &soFar, uint64_t windows) {
      py::gil_scoped_acquire locked;
      checkSignals();
      if (!progress.is_none())
        progress(soFar.windows, windows);
    };
    return measurePerplexity(scorer, ids, tokens, observer).perplexity();
  });
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

static std::vector<uint32_t> encode(const SharedSession &session,
                                    const std::string &text) {
  return session.requireTokenizer().encode(text, "text");
}

static std::vector<uint32_t> encodeLines(const SharedSession &session,
                                         const std::string &text) {
  return encodeParagraphs(session.requireTokenizer(), text, "text").ids;
}

static std::string decode(const SharedSession &session, const py::object &ids) {
  const Tokenizer &tokenizer = session.requireTokenizer();
  return tokenizer.decode(idsOf(ids, tokenizer.size()));
}

//===----------------------------------------------------------------------===//
// Module
//===----------------------------------------------------------------------===//

PYBIND11_MODULE(_edgellm, module) {
  translateErrors();
  module.attr("version") = std::string(toolVersion());
  module.def("pass_options", [] {
    perf::PassArguments arguments;
    return namesOf(perf::passOptions(arguments));
  });
  module.def("generation_options", [] {
    GenerationArguments arguments;
    return namesOf(generationOptions(arguments));
  });

  py::class_<Package>(module, "Package")
      .def(py::init([](const std::string &path) { return Package(path); }))
      .def("manifest", manifestText)
      .def("modelled", modelled);
  py::class_<TokenStream, std::shared_ptr<TokenStream>>(module, "TokenStream")
      .def("next", &TokenStream::next);
  py::class_<SharedSession, std::shared_ptr<SharedSession>>(module, "Session")
      .def(py::init(&openSession))
      .def("device",
           [](const SharedSession &s) { return s.info().deviceName(); })
      .def("sequences",
           [](const SharedSession &s) { return s.info().sequences(); })
      .def("past", past)
      .def("selected", selected)
      .def("select", selectText)
      .def("ids", cachedIds)
      .def("rewind", rewindCache)
      .def("save", saveCache)
      .def("load", loadCache)
      .def("forward", forward)
      .def("logits", logits)
      .def("score", score)
      .def("generate", startGeneration)
      .def("perplexity", perplexity)
      .def("encode", encode)
      .def("encode_lines", encodeLines)
      .def("decode", decode);
}
