//===- edgellm-eval.cpp - Perplexity of a compiled model ------------------===//
#include "EdgeLLM/Reference/ReferenceScorer.h"
#include "EdgeLLM/Runtime/EncodedText.h"
#include "EdgeLLM/Runtime/Npy.h"
#include "EdgeLLM/Runtime/Perplexity.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/Tool.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <dlfcn.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace edgellm;

namespace {

struct Arguments {
  std::string model; // a package, or a checkpoint with --reference
  std::optional<std::string> text, xclbin, logits;
  std::optional<uint64_t> tokens, window;
  bool reference = false, json = false;
};

/// What was measured, beside the measurement itself.
struct Subject {
  std::string model, weights, target, device;
};

struct Result {
  Subject subject;
  Perplexity measured;
  uint64_t window;
  uint64_t textTokens;
  uint64_t characters;
  double seconds;

  /// Of the whole text, at the rate measured on the windows: what is left over
  /// after the last window is not predicted but is part of the text.
  double bitsPerCharacter() const {
    return measured.natsPerToken() / std::log(2.0) * double(textTokens) /
           double(characters);
  }
};

} // namespace

static CommandLine commandLine(Arguments &a) {
  constexpr uint64_t limit = uint64_t(1) << 40;
  return {
      "edgellm-eval",
      "Measures how well a model predicts a text: a compiled one through the "
      "device, or a checkpoint in float32. Every line is a paragraph; windows "
      "of the joined tokens are fed from an empty cache each.",
      {{"edgellm-eval demo.pkg --text heldout.txt",
        "tokens, nats a token, perplexity and bits a character"},
       {"edgellm-eval models/demo --reference --text heldout.txt",
        "the same without machine and compression: the measure for the above"},
       {"edgellm-eval demo.pkg --text heldout.txt --tokens 2561 --json",
        "only the first ten windows; one JSON object"}},
      {{"MODEL",
        "folder made by edgellm-compile, or a checkpoint with --reference",
        &a.model}},
      {{"--text", "FILE", "UTF-8 text to predict", Text{&a.text}},
       {"--reference", "",
        "compute a checkpoint in float32 on the CPU, with its own weights",
        Flag{&a.reference}},
       {"--tokens", "N", "use at most the first N tokens of the text",
        Integer{&a.tokens, 2, limit}},
       {"--window", "W", "tokens a window, 256 when it is not given",
        Integer{&a.window, 1, limit}},
       {"--logits", "FILE.npy",
        "write the logits of every position, float32 [tokens, vocabulary]",
        Text{&a.logits}},
       {"--json", "", "print one JSON object", Flag{&a.json}},
       {"--xclbin", "FILE", "accelerator to load; default: the target's",
        Text{&a.xclbin}}}};
}

/// One line on a terminal that is written over; nothing anywhere else.
static void showProgress(const Perplexity &soFar, uint64_t windows) {
  if (!::isatty(STDERR_FILENO))
    return;
  bool last = soFar.windows == windows;
  std::fprintf(stderr, "\rwindow %llu of %llu, perplexity %.6g%s",
               static_cast<unsigned long long>(soFar.windows),
               static_cast<unsigned long long>(windows), soFar.perplexity(),
               last ? "\r\x1b[K" : "");
  std::fflush(stderr);
}

static std::string jsonResult(const Result &result) {
  nlohmann::ordered_json object;
  object["model"] = result.subject.model;
  object["weights"] = result.subject.weights;
  if (!result.subject.target.empty())
    object["target"] = result.subject.target;
  object["device"] = result.subject.device;
  object["tokens"] = result.measured.tokens;
  object["window"] = result.window;
  object["windows"] = result.measured.windows;
  object["nats_per_token"] = result.measured.natsPerToken();
  object["perplexity"] = result.measured.perplexity();
  object["bits_per_character"] = result.bitsPerCharacter();
  object["text_tokens"] = result.textTokens;
  object["characters"] = result.characters;
  object["seconds"] = result.seconds;
  return object.dump(-1, ' ', false,
                     nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

static std::string textResult(const Result &result) {
  char text[256];
  std::snprintf(text, sizeof text,
                "tokens            %llu in %llu windows of %llu\n"
                "nats a token      %.4f\n"
                "perplexity        %.6g\n"
                "bits a character  %.4f\n",
                static_cast<unsigned long long>(result.measured.tokens),
                static_cast<unsigned long long>(result.measured.windows),
                static_cast<unsigned long long>(result.window),
                result.measured.natsPerToken(), result.measured.perplexity(),
                result.bitsPerCharacter());
  return text;
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {

/// Float32 logits in a file, when one is wanted.
class LogitsFile {
public:
  LogitsFile(const std::optional<std::string> &path, uint64_t rows)
      : rows(rows) {
    if (path)
      file.emplace(*path);
  }

  TokenScorer::RowConsumer consumer() {
    if (!file)
      return {};
    return [this](std::span<const float> row) {
      if (std::exchange(isEmpty, false))
        file->write(npyHeader(rows, row.size()));
      file->write(std::as_bytes(row));
    };
  }

  void commit() {
    if (file)
      file->commit();
  }

private:
  std::optional<AtomicFile> file;
  uint64_t rows;
  bool isEmpty = true;
};

} // namespace

static EncodedText encodeFile(const Arguments &a,
                              const std::optional<Tokenizer> &tokenizer) {
  if (!tokenizer)
    fail(a.model, ": holds no tokenizer");
  return encodeParagraphs(*tokenizer, readTextFile(*a.text), *a.text);
}

static void evaluate(const Arguments &a, const EncodedText &text,
                     TokenScorer &scorer, Subject subject) {
  std::span<const uint32_t> ids = text.ids;
  if (a.tokens && *a.tokens < ids.size())
    ids = ids.first(*a.tokens);
  uint64_t window = a.window.value_or(kDefaultWindow);
  LogitsFile logits(a.logits,
                    countWindows(scorer, ids.size(), window) * window);
  auto start = std::chrono::steady_clock::now();
  Perplexity measured =
      measurePerplexity(scorer, ids, window, {showProgress, logits.consumer()});
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  logits.commit();
  Result result{std::move(subject), measured,        window,
                text.ids.size(),    text.characters, time.count()};
  print(a.json ? jsonResult(result) : textResult(result));
}

static void evaluatePackage(const Arguments &a) {
  std::filesystem::path folder = a.model;
  if (is_regular_file(folder) ||
      (exists(folder / "config.json") && !exists(folder / kManifestName)))
    fail(a.model, ": a checkpoint, no package; compile it, or evaluate it with "
                  "--reference");
  Package package(folder);
  package.requireWeights(); // before asking for a tokenizer in vain
  EncodedText text = encodeFile(a, loadTokenizer(package));
  Session session(std::move(package), a.xclbin.value_or(""));
  SessionScorer scorer(session);
  const Manifest &manifest = session.manifest();
  evaluate(a, text, scorer,
           {manifest.model, manifest.weights, manifest.target,
            session.deviceName()});
}

/// The checkpoint in the module that computes it; the module stays loaded.
static std::unique_ptr<TokenScorer> openReference(const std::string &model) {
  std::filesystem::path file = libraryDirectory() / kReferenceModule;
  void *handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail("--reference: ", ::dlerror());
  auto *open =
      reinterpret_cast<OpenReference *>(::dlsym(handle, kOpenReference));
  if (!open)
    fail("--reference: ", ::dlerror());
  return std::unique_ptr<TokenScorer>(open(model.c_str()));
}

static void evaluateReference(const Arguments &a) {
  if (a.xclbin)
    fail("--xclbin loads a device, --reference uses none");
  std::unique_ptr<TokenScorer> scorer = openReference(a.model);
  ModelShapes model = ModelShapes::open(a.model);
  EncodedText text = encodeFile(a, loadTokenizer(model));
  evaluate(a, text, *scorer,
           {model.name(), "float32", "", "float32 reference"});
}

static void run(const Arguments &a) {
  if (!a.text)
    fail("--text FILE is missing; edgellm-eval --help shows examples");
  if (a.reference)
    evaluateReference(a);
  else
    evaluatePackage(a);
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] { run(arguments); });
}
