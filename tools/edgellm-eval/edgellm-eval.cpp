//===- edgellm-eval.cpp - Perplexity of a compiled model ------------------===//
#include "EdgeLLM/Runtime/Perplexity.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace edgellm;

namespace {

struct Arguments {
  std::string package;
  std::optional<std::string> text, xclbin;
  std::optional<uint64_t> tokens, window;
  bool json = false;
};

/// What is printed, beside the measurement itself.
struct Result {
  const Session &session;
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

static constexpr uint64_t kDefaultWindow = 256;

static CommandLine commandLine(Arguments &a) {
  constexpr uint64_t limit = uint64_t(1) << 40;
  return {
      "edgellm-eval",
      "Measures how well a compiled model predicts a text, through the device. "
      "Every line is a paragraph; windows of the joined tokens are fed from an "
      "empty cache each.",
      {{"edgellm-eval demo.pkg --text heldout.txt",
        "tokens, nats a token, perplexity and bits a character"},
       {"edgellm-eval demo.pkg --text heldout.txt --tokens 2561 --json",
        "only the first ten windows; one JSON object"}},
      {{"PKG", "folder made by edgellm-compile", &a.package}},
      {{"--text", "FILE", "UTF-8 text to predict", Text{&a.text}},
       {"--tokens", "N", "use at most the first N tokens of the text",
        Integer{&a.tokens, 2, limit}},
       {"--window", "W", "tokens a window, 256 when it is not given",
        Integer{&a.window, 1, limit}},
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
  const Manifest &manifest = result.session.manifest();
  object["model"] = manifest.model;
  object["weights"] = manifest.weights;
  object["target"] = manifest.target;
  object["device"] = result.session.deviceName();
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

static EncodedText encodeFile(const Arguments &a, const Package &package) {
  std::optional<Tokenizer> tokenizer = loadTokenizer(package);
  if (!tokenizer)
    fail(a.package, ": the package has no tokenizer");
  return encodeParagraphs(*tokenizer, readTextFile(*a.text), *a.text);
}

static void run(const Arguments &a) {
  if (!a.text)
    fail("--text FILE is missing; edgellm-eval --help shows examples");
  Package package(a.package);
  package.requireWeights(); // before asking for a tokenizer in vain
  EncodedText text = encodeFile(a, package);
  std::span<const uint32_t> ids = text.ids;
  if (a.tokens && *a.tokens < ids.size())
    ids = ids.first(*a.tokens);
  uint64_t window = a.window.value_or(kDefaultWindow);
  Session session(std::move(package), a.xclbin.value_or(""));

  auto start = std::chrono::steady_clock::now();
  Perplexity measured = measurePerplexity(session, ids, window, showProgress);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  Result result{session,         measured,        window,
                text.ids.size(), text.characters, time.count()};
  print(a.json ? jsonResult(result) : textResult(result));
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] { run(arguments); });
}
