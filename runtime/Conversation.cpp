//===- Conversation.cpp - Turns of a chat as token ids --------------------===//
#include "EdgeLLM/Runtime/Conversation.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>

using namespace edgellm;

namespace {

/// Joins texts that stand side by side before they are encoded: tokens may
/// reach from what a template writes into a content.
class IdWriter {
public:
  IdWriter(const Tokenizer &tokenizer, uint64_t round, const std::string &what,
           Tokenizer::Place place)
      : tokenizer(tokenizer), round(std::to_string(round)), what(what),
        place(place) {}

  void parts(const ChatParts &parts);
  void text(std::string_view more) { held += more; }
  /// The last of an answer's ids, after which text goes on.
  void rest(uint32_t id) { ids.push_back(id); }
  std::vector<uint32_t> finish();

private:
  void special(uint32_t id);
  void flush();
  std::string filled(std::string text) const;

  const Tokenizer &tokenizer;
  std::string round;
  const std::string &what;
  Tokenizer::Place place; // of `held`
  std::string held;
  std::vector<uint32_t> ids;
};

} // namespace

std::string IdWriter::filled(std::string text) const {
  constexpr std::string_view name = "{round}";
  for (size_t at = 0; (at = text.find(name, at)) != text.npos;)
    text.replace(at, name.size(), round);
  return text;
}

void IdWriter::parts(const ChatParts &parts) {
  for (const ChatPart &part : parts) {
    if (part.isToken)
      special(tokenizer.specialToken(part.text).value());
    else
      text(filled(part.text));
  }
}

void IdWriter::flush() {
  if (held.empty())
    return;
  std::vector<uint32_t> more = tokenizer.encodePart(held, place, what);
  ids.insert(ids.end(), more.begin(), more.end());
  held.clear();
}

void IdWriter::special(uint32_t id) {
  flush();
  ids.push_back(id);
  place = Tokenizer::Place::begins;
}

std::vector<uint32_t> IdWriter::finish() {
  flush();
  return std::move(ids);
}

//===----------------------------------------------------------------------===//
// Conversation
//===----------------------------------------------------------------------===//

Conversation::Conversation(ChatTemplate chat, const Tokenizer &tokenizer,
                           std::optional<std::string> system,
                           const std::vector<int> &eos)
    : chat(std::move(chat)), tokenizer(tokenizer),
      system(system.value_or(this->chat.defaultSystem.value_or(""))),
      stopIds(eos.begin(), eos.end()) {
  if (!this->system.empty() && !this->chat.system)
    fail("a system's text was given, but the chat template '",
         this->chat.description, "' knows no such turn");
  for (const std::string &token : this->chat.tokens())
    requireToken(token);
  for (const std::string &token : this->chat.stop)
    stopIds.push_back(requireToken(token));
}

uint32_t Conversation::requireToken(const std::string &content) const {
  std::optional<uint32_t> id = tokenizer.specialToken(content);
  if (!id)
    fail("the chat template '", chat.description, "' needs the special token ",
         content, ", which the model's tokenizer does not have");
  return *id;
}

std::string_view Conversation::trimmed(std::string_view content) const {
  constexpr std::string_view space = " \t\r\n\v\f";
  if (!chat.trim)
    return content;
  size_t begin = std::min(content.find_first_not_of(space), content.size());
  content.remove_prefix(begin);
  return content.substr(0, content.find_last_not_of(space) + 1);
}

std::vector<uint32_t> Conversation::turn(std::string_view content,
                                         const std::string &what) const {
  bool isFirst = current.turns == 0;
  IdWriter writer(tokenizer, current.turns + 1, what,
                  isFirst ? Tokenizer::Place::begins
                          : Tokenizer::Place::continues);
  auto writeSystem = [&](bool inUser) {
    if (!isFirst || system.empty() || chat.systemInUser != inUser)
      return;
    writer.parts(chat.system->before);
    writer.text(trimmed(system));
    writer.parts(chat.system->after);
  };
  if (current.pending)
    writer.rest(*current.pending);
  writer.parts(isFirst ? chat.begin : chat.assistant.after);
  writeSystem(false);
  writer.parts(chat.user.before);
  writeSystem(true);
  writer.text(trimmed(content));
  writer.parts(chat.user.after);
  writer.parts(chat.assistant.before);
  return writer.finish();
}

void Conversation::answered(uint32_t lastId) {
  ++current.turns;
  current.pending.reset();
  if (std::ranges::find(stopIds, lastId) == stopIds.end())
    current.pending = lastId;
}
