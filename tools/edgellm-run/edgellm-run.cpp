//===- edgellm-run.cpp - Continues a text with a compiled model -----------===//
//
// Standard output holds the text alone: the prompt as the model reads it, then
// the new tokens as they come. The summary goes to standard error.
//
//===----------------------------------------------------------------------===//
#include "Chat.h"
#include "EdgeLLM/Runtime/Npy.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"
#include "Report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>

using namespace edgellm;

namespace {

struct Arguments {
  std::string package;
  std::optional<std::string> prompt, promptFile, tokenIds, logits, xclbin;
  std::optional<std::string> saveCache, loadCache;
  std::optional<std::string> system, chatTemplate;
  GenerationArguments generation;
  bool json = false, chat = false;
};

} // namespace

static std::vector<Option> options(Arguments &a) {
  std::vector<Option> list = {
      {"--prompt", "TEXT", "text to continue", Text{&a.prompt}},
      {"--prompt-file", "FILE", "the same from a file, byte for byte",
       Text{&a.promptFile}},
      {"--token-ids", "1,2,3", "the same as token ids, nothing is prepended",
       Text{&a.tokenIds}},
      {"--chat", "",
       "converse: the user's turns are read from standard input, one a line; "
       "an "
       "answer is as long as -n or the context allows",
       Flag{&a.chat}},
      {"--system", "TEXT",
       "with --chat: what the conversation is about, in place of the chat "
       "template's own text; empty: nothing",
       Text{&a.system}},
      {"--chat-template", "NAME|FILE",
       "with --chat: how the model was taught to converse, in place of what "
       "edgellm-compile has recognised; a wrong NAME lists all",
       Text{&a.chatTemplate}}};
  std::ranges::move(generationOptions(a.generation), std::back_inserter(list));
  list.push_back(
      {"--save-cache", "FILE",
       "write the keys and values of the whole text, the new tokens included",
       Text{&a.saveCache}});
  list.push_back({"--load-cache", "FILE",
                  "continue the text of such a file, which the same package "
                  "must have written",
                  Text{&a.loadCache}});
  list.push_back({"--json", "",
                  "print one JSON object: prompt_ids, ids, text, "
                  "prefill_seconds, decode_tokens_per_second and more",
                  Flag{&a.json}});
  list.push_back({"--logits", "FILE.npy",
                  "write the logits of every position that was fed, float32 "
                  "[positions, vocabulary]",
                  Text{&a.logits}});
  list.push_back({"--xclbin", "FILE",
                  "accelerator to load; default: the target's",
                  Text{&a.xclbin}});
  return list;
}

static CommandLine commandLine(Arguments &a) {
  return {
      "edgellm-run",
      "Continues a text with a compiled model, or converses, on the FPGA card "
      "that XRT finds "
      "or, when XILINX_XRT is not set, on the device model of this "
      "installation.",
      {{"edgellm-run demo.pkg --prompt 'In the beginning' -n 40",
        "the prompt and 40 tokens after it, always the likeliest"},
       {"edgellm-run demo.pkg --prompt-file p.txt --temperature 0.8 --seed 7",
        "tokens drawn at random; the same seed gives the same text"},
       {"edgellm-run demo.pkg --token-ids 1,306,415 -n 8 --json",
        "token ids instead of text; one JSON object instead of text"},
       {"edgellm-run demo.pkg --prompt Hello -n 0 --logits prompt.npy",
        "only the logits of the prompt's positions, for comparisons"},
       {"edgellm-run demo.pkg --prompt 'And Jesus' -n 20 --save-cache a.cache",
        "keeps keys and values of the text, to go on later:"},
       {"edgellm-run demo.pkg --load-cache a.cache --prompt 'And Peter'",
        "the saved text, the prompt and what follows; only the latter two are "
        "computed"},
       {"edgellm-run demo.pkg --prompt 'In the beginning' -n 2000 --window 4",
        "a text longer than the context"},
       {"edgellm-run qwen.pkg --chat --system 'Answer in one sentence.'",
        "a conversation: a line is a turn, /help lists the commands"},
       {"edgellm-run qwen.pkg --chat --json < questions.txt",
        "the same from a file; one JSON object an answer"}},
      {{"PKG", "folder made by edgellm-compile", &a.package}},
      options(a)};
}

//===----------------------------------------------------------------------===//
// Request
//===----------------------------------------------------------------------===//

static void requireOnePrompt(const Arguments &a) {
  int prompts = a.prompt.has_value() + a.promptFile.has_value() +
                a.tokenIds.has_value() + a.chat;
  if (prompts != 1)
    fail("found ", prompts,
         " prompts, expected exactly one of --prompt, --prompt-file, "
         "--token-ids and --chat");
  if (!a.chat && (a.system || a.chatTemplate))
    fail(a.system ? "--system" : "--chat-template", " goes with --chat only");
  if (a.chat &&
      (a.logits || a.saveCache || a.loadCache || a.generation.ignoreEos ||
       a.generation.window || a.generation.newTokens == 0))
    fail("--chat: expected none of --logits, --save-cache, --load-cache, "
         "--ignore-eos, --window and -n 0");
}

static std::vector<uint32_t> parseIds(std::string_view text,
                                      uint32_t vocabulary) {
  std::vector<uint32_t> ids;
  for (bool more = true; more;) {
    size_t comma = text.find(',');
    more = comma != text.npos;
    ids.push_back(uint32_t(
        parseInteger(text.substr(0, comma), 0, vocabulary - 1,
                     "--token-ids: id " + std::to_string(ids.size() + 1))));
    text.remove_prefix(more ? comma + 1 : text.size());
  }
  return ids;
}

static std::vector<uint32_t>
promptIds(const Arguments &a, const Package &package,
          const std::optional<Tokenizer> &tokenizer) {
  if (a.tokenIds)
    return parseIds(*a.tokenIds, package.manifest().vocabulary);
  if (!tokenizer)
    fail(package.directory().string(),
         ": the package has no tokenizer; give the prompt as --token-ids");
  std::string what = a.prompt ? "--prompt" : *a.promptFile;
  std::vector<uint32_t> ids = tokenizer->encode(
      a.prompt ? *a.prompt : readTextFile(*a.promptFile), what);
  if (a.loadCache) // what begins a text stands in the cache
    ids.erase(ids.begin(),
              ids.begin() + int64_t(package.manifest().prefix.size()));
  if (ids.empty())
    fail(what, ": the text has no tokens");
  return ids;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

namespace {

/// Shows tokens as they come: text when there is a tokenizer, ids otherwise.
class Output {
public:
  Output(const std::optional<Tokenizer> &tokenizer, bool silent)
      : silent(silent) {
    if (tokenizer)
      stream.emplace(*tokenizer);
  }

  /// What stands before the new tokens.
  void context(std::span<const uint32_t> ids) {
    for (uint32_t id : ids)
      show(id);
    generated.clear();
  }
  void token(uint32_t id) { show(id); }
  void finish() {
    if (stream)
      emit(stream->finish());
    if (!silent)
      print("\n");
  }
  /// Of the new tokens.
  std::optional<std::string> text() const {
    return stream ? std::optional(generated) : std::nullopt;
  }

private:
  void show(uint32_t id) {
    if (stream)
      return emit(stream->add(id));
    emit((first ? "" : ",") + std::to_string(id));
    first = false;
  }
  void emit(const std::string &piece) {
    generated += piece;
    if (!silent && !piece.empty())
      print(piece);
  }

  bool silent, first = true;
  std::optional<TextStream> stream;
  std::string generated;
};

} // namespace

static Generation generateAll(Session &session, const Arguments &a,
                              const GenerationRequest &request,
                              Output &output) {
  std::optional<NpyWriter> logits;
  if (a.logits)
    logits.emplace(*a.logits, session.manifest().vocabulary);
  GenerationObserver observer;
  observer.onToken = [&](uint32_t id) { output.token(id); };
  if (logits)
    observer.onLogits = [&](std::span<const uint16_t> row) {
      logits->addRow(row);
    };
  output.context(session.ids());
  output.context(request.prompt);
  Generation generation = generate(session, request, observer);
  output.finish();
  if (logits)
    logits->commit();
  return generation;
}

static void run(Arguments &a) {
  using Clock = std::chrono::steady_clock;
  requireOnePrompt(a);
  Package package(a.package);
  package.requireWeights(); // before asking for a tokenizer in vain
  if (a.chat)
    return runChat(std::move(package),
                   {a.system, a.chatTemplate, a.xclbin.value_or(""),
                    a.generation, a.json});
  std::optional<Tokenizer> tokenizer = loadTokenizer(package);
  a.generation.feedLast = a.saveCache.has_value();
  uint64_t context = package.manifest().context;
  // Before the device is loaded, so that mistakes cost nothing.
  GenerationRequest request =
      makeRequest(a.generation, promptIds(a, package, tokenizer), 0, context);

  Clock::time_point start = Clock::now();
  Session session(std::move(package), a.xclbin.value_or(""));
  if (a.loadCache) {
    session.load(*a.loadCache);
    request = makeRequest(a.generation, std::move(request.prompt),
                          session.past(), context);
  }
  uint64_t loadedPositions = session.past();
  std::chrono::duration<double> load = Clock::now() - start;
  Output output(tokenizer, /*silent=*/a.json);
  Generation generation = generateAll(session, a, request, output);
  if (a.saveCache)
    session.save(*a.saveCache);
  bool contextFull =
      !a.generation.newTokens && request.newTokens < kDefaultNewTokens;
  RunReport report{session,      request,         generation, output.text(),
                   load.count(), loadedPositions, contextFull};
  if (a.json)
    print(jsonReport(report));
  else
    std::fputs(summary(report).c_str(), stderr);
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] { run(arguments); });
}
