//===- Chat.cpp - A conversation with a model -----------------------------===//
#include "Chat.h"

#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/Tool.h"
#include "Report.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <unistd.h>

using namespace edgellm;

static constexpr size_t kMaxLineBytes = size_t(1) << 24;

namespace {

class Chat {
public:
  Chat(Package package, const ChatArguments &arguments);
  void run();

private:
  using Command = void (Chat::*)(std::string_view argument);
  struct CommandEntry {
    std::string_view name, argument, help;
    Command run;
  };
  static const CommandEntry kCommands[];

  void help(std::string_view);
  void exit(std::string_view) { isOver = true; }
  void reset(std::string_view);
  void rewind(std::string_view turns);
  void save(std::string_view file);
  void load(std::string_view file);

  bool readLine(std::string &line);
  void take(std::string_view line);
  void takeCommand(std::string_view line);
  void answer(std::string_view content);
  Generation generateOrTakeBack(const GenerationRequest &request,
                                const GenerationObserver &observer);
  GenerationRequest makeRequest(std::vector<uint32_t> prompt) const;
  void report(const GenerationRequest &request, const Generation &generation,
              const std::string &text) const;

  const ChatArguments &arguments;
  Tokenizer tokenizer;
  Conversation conversation;
  double loadSeconds = 0;
  std::unique_ptr<Session> session;
  bool isTerminal = ::isatty(STDIN_FILENO);
  bool isOver = false;
  size_t lines = 0;
  /// Before each turn that was answered: what had been cached, and said.
  std::vector<std::pair<uint32_t, Conversation::State>> turns;
};

/// Text of an answer as it comes, without the white space it begins with.
class AnswerText {
public:
  AnswerText(const Tokenizer &tokenizer, bool shown)
      : stream(tokenizer), shown(shown) {}

  void add(uint32_t id) { emit(stream.add(id)); }
  const std::string &finish() {
    emit(stream.finish());
    if (shown)
      print("\n");
    return text;
  }

private:
  void emit(std::string piece) {
    if (text.empty())
      piece.erase(0,
                  std::min(piece.find_first_not_of(" \t\r\n"), piece.size()));
    text += piece;
    if (shown && !piece.empty())
      print(piece);
  }

  TextStream stream;
  bool shown;
  std::string text;
};

} // namespace

//===----------------------------------------------------------------------===//
// Beginning
//===----------------------------------------------------------------------===//

static Tokenizer requireTokenizer(const Package &package) {
  std::optional<Tokenizer> tokenizer = loadTokenizer(package);
  if (!tokenizer)
    fail(package.directory().string(),
         ": the package has no tokenizer to converse with");
  return std::move(*tokenizer);
}

static ChatTemplate chooseTemplate(const Package &package,
                                   const ChatArguments &arguments) {
  std::filesystem::path known = chatTemplateDirectory();
  if (arguments.chatTemplate)
    return parseChatTemplate(readChatTemplate(*arguments.chatTemplate, known),
                             *arguments.chatTemplate);
  const std::string &name = package.manifest().chat;
  if (name.empty())
    fail(package.directory().string(),
         ": no chat template is known for its model; if it was taught to "
         "converse, --chat-template says how: ",
         chatTemplateNames(known), ", or the path of a .json file");
  MappedFile file = package.map(name);
  std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                        file.bytes().size());
  return parseChatTemplate(text, file.path().string());
}

Chat::Chat(Package package, const ChatArguments &arguments)
    : arguments(arguments), tokenizer(requireTokenizer(package)),
      conversation(chooseTemplate(package, arguments), tokenizer,
                   arguments.system, package.manifest().eos) {
  auto start = std::chrono::steady_clock::now();
  session = std::make_unique<Session>(std::move(package), arguments.xclbin);
  loadSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

/// Without -n the context ends an answer, and when there is no room for one,
/// one is asked for all the same, which is an error.
GenerationRequest Chat::makeRequest(std::vector<uint32_t> prompt) const {
  uint64_t context = session->manifest().context;
  uint64_t text = session->past() + prompt.size();
  uint64_t room = text < context ? context - text + 1 : 1;
  GenerationArguments given = arguments.generation;
  given.newTokens = std::min(given.newTokens.value_or(room), room);
  given.seed = given.seed.value_or(0) + turns.size();
  GenerationRequest request =
      edgellm::makeRequest(given, std::move(prompt), session->past(), context);
  request.stop = conversation.stops();
  return request;
}

void Chat::report(const GenerationRequest &request,
                  const Generation &generation, const std::string &text) const {
  uint64_t wanted = arguments.generation.newTokens.value_or(UINT64_MAX);
  bool isFull = !generation.endedByEos && request.newTokens < wanted;
  uint64_t cached = turns.back().first;
  print(jsonReport(
      {*session, request, generation, text, loadSeconds, cached, isFull}));
}

/// After an error nothing of the turn stays in the cache.
Generation Chat::generateOrTakeBack(const GenerationRequest &request,
                                    const GenerationObserver &observer) {
  uint32_t past = session->past();
  try {
    return generate(*session, request, observer);
  } catch (...) {
    session->rewind(past);
    throw;
  }
}

void Chat::answer(std::string_view content) {
  uint32_t past = session->past();
  std::string what = "line " + std::to_string(lines);
  GenerationRequest request = makeRequest(conversation.turn(content, what));
  AnswerText text(tokenizer, /*shown=*/!arguments.json);
  GenerationObserver observer;
  observer.onToken = [&](uint32_t id) { text.add(id); };
  Generation generation = generateOrTakeBack(request, observer);
  turns.emplace_back(past, conversation.state());
  conversation.answered(generation.ids.back());
  const std::string &whole = text.finish();
  if (arguments.json)
    report(request, generation, whole);
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

const Chat::CommandEntry Chat::kCommands[] = {
    {"/help", "", "this list", &Chat::help},
    {"/reset", "", "begin a new conversation", &Chat::reset},
    {"/rewind", " [N]", "take the last N turns back, 1 when it is not given",
     &Chat::rewind},
    {"/save", " FILE",
     "write what the model has seen to FILE, how far that is to FILE.chat",
     &Chat::save},
    {"/load", " FILE", "go on where /save wrote FILE", &Chat::load},
    {"/exit", "", "leave, as the end of the input does", &Chat::exit}};

void Chat::help(std::string_view) {
  for (const CommandEntry &entry : kCommands)
    std::fprintf(stderr, "%s%s: %s\n", std::string(entry.name).c_str(),
                 std::string(entry.argument).c_str(),
                 std::string(entry.help).c_str());
  std::fputs("//...: a turn that begins with one slash\n", stderr);
}

void Chat::reset(std::string_view) {
  session->reset();
  conversation.reset();
  turns.clear();
}

void Chat::rewind(std::string_view argument) {
  uint64_t count = 1;
  if (!argument.empty())
    count = parseInteger(argument, 1, UINT32_MAX, "/rewind");
  if (count > turns.size())
    fail("/rewind: found ", count, " turns, the conversation has ",
         turns.size());
  auto &[past, state] = turns[turns.size() - count];
  session->rewind(past);
  conversation.restore(state);
  turns.resize(turns.size() - count);
}

static std::string stateName(std::string_view file) {
  if (file.empty())
    fail("expected /save FILE or /load FILE");
  return std::string(file) + ".chat";
}

void Chat::save(std::string_view file) {
  std::string name = stateName(file);
  const Conversation::State &state = conversation.state();
  nlohmann::ordered_json object = {{"template", conversation.description()},
                                   {"cached", session->past()},
                                   {"turns", state.turns},
                                   {"pending", nullptr}};
  if (state.pending)
    object["pending"] = *state.pending;
  session->save(file);
  AtomicFile output(name);
  output.write(object.dump(2) + "\n");
  output.commit();
}

/// Turns before it can be rewound no more.
void Chat::load(std::string_view file) {
  std::string name = stateName(file);
  nlohmann::json root = parseJson(readTextFile(name, kMaxLineBytes), name);
  JsonObject object(root, name);
  if (object.string("template") != conversation.description())
    object.failField("template", object.take("template"),
                     conversation.description());
  uint64_t cached = object.integer("cached", 0, UINT32_MAX);
  Conversation::State state{object.integer("turns", 0, UINT32_MAX), {}};
  if (!object.take("pending").is_null())
    state.pending =
        uint32_t(object.integer("pending", 0, tokenizer.size() - 1));
  object.finish();
  session->load(file);
  turns.clear();
  conversation.restore(state);
  if (session->past() == cached)
    return;
  uint32_t found = session->past();
  reset({});
  fail(file, ": holds ", found, " tokens, but ", cached, " by ", name,
       "; the conversation begins anew");
}

void Chat::takeCommand(std::string_view line) {
  size_t space = std::min(line.find(' '), line.size());
  std::string_view name = line.substr(0, space);
  std::string_view argument =
      line.substr(std::min(line.find_first_not_of(' ', space), line.size()));
  std::string known;
  for (const CommandEntry &entry : kCommands) {
    if (entry.name == name && !argument.empty() && entry.argument.empty())
      fail(name, ": found '", argument, "', it takes nothing");
    if (entry.name == name)
      return (this->*entry.run)(argument);
    known.append(known.empty() ? "" : ", ").append(entry.name);
  }
  fail("line ", lines, ": unknown command ", oneLine(name), "; known are ",
       known, "; a turn that begins with a slash is written with two");
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

bool Chat::readLine(std::string &line) {
  if (isTerminal)
    std::fputs("> ", stderr);
  line.clear();
  ++lines;
  for (char c; std::cin.get(c) && c != '\n'; line += c)
    if (line.size() == kMaxLineBytes)
      fail("line ", lines, ": longer than ", kMaxLineBytes, " bytes");
  return !line.empty() || !std::cin.eof();
}

void Chat::take(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.empty())
    return;
  if (line.starts_with("//"))
    return answer(line.substr(1));
  if (line.starts_with('/'))
    return takeCommand(line);
  answer(line);
}

void Chat::run() {
  std::string line;
  while (!isOver && readLine(line)) {
    try {
      take(line);
    } catch (const Error &error) {
      if (!isTerminal)
        throw;
      std::fprintf(stderr, "error: %s\n", error.what());
    }
  }
  if (isTerminal && !isOver)
    std::fputs("\n", stderr);
}

void edgellm::runChat(Package package, const ChatArguments &arguments) {
  Chat(std::move(package), arguments).run();
}
