//===- Conversation.h - Turns of a chat as token ids ------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_CONVERSATION_H
#define EDGELLM_RUNTIME_CONVERSATION_H

#include "EdgeLLM/Runtime/ChatTemplate.h"

namespace edgellm {

/// Writes the turns of one conversation by a template. Each call of turn()
/// gives only what is new, to be fed after what a session has cached:
///
///   feed turn("Hello"), generate until a stop token or as long as wanted,
///   answered(the last generated id, which was not fed), feed turn(...), ...
///
/// The end of an answer, stop token and what follows it in training, is fed
/// with the next turn.
class Conversation {
public:
  /// `system` is the system's text instead of the template's own, empty: none.
  /// An answer ends at the template's stop tokens and at `eos`.
  /// Throws Error when the tokenizer lacks a token of the template, and for a
  /// system's text where the model knows no such turn.
  Conversation(ChatTemplate chat, const Tokenizer &tokenizer,
               std::optional<std::string> system, const std::vector<int> &eos);

  /// Ids of the user's next turn, up to where the answer begins. Special tokens
  /// that `content` spells are text. Throws Error, which begins with `what`,
  /// when it is not valid UTF-8.
  std::vector<uint32_t> turn(std::string_view content,
                             const std::string &what) const;

  /// Takes note of the answer to what turn() gave.
  void answered(uint32_t lastId);

  /// Begins anew.
  void reset() { restore({}); }

  /// How far it has come, to go back there.
  struct State {
    uint64_t turns = 0; // that were answered
    /// The last id of an answer that was cut short, which was not fed.
    std::optional<uint32_t> pending = {};
  };
  const State &state() const { return current; }
  void restore(const State &state) { current = state; }

  /// Ids that end an answer.
  const std::vector<uint32_t> &stops() const { return stopIds; }
  /// Of the template.
  const std::string &description() const { return chat.description; }

private:
  uint32_t requireToken(const std::string &content) const;
  std::string_view trimmed(std::string_view content) const;

  ChatTemplate chat;
  const Tokenizer &tokenizer;
  std::string system; // empty: no such turn
  std::vector<uint32_t> stopIds;
  State current;
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_CONVERSATION_H
