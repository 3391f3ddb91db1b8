//===- Chat.h - A conversation with a model ---------------------*- C++ -*-===//
#ifndef EDGELLM_TOOLS_EDGELLM_RUN_CHAT_H
#define EDGELLM_TOOLS_EDGELLM_RUN_CHAT_H

#include "EdgeLLM/Runtime/Conversation.h"
#include "EdgeLLM/Runtime/Generator.h"

namespace edgellm {

struct ChatArguments {
  std::optional<std::string> system; // the template's own when absent
  std::optional<std::string>
      chatTemplate; // name or path instead of the model's
  std::string xclbin;
  /// Of each answer; newTokens: as many as there is room for, the seed: one
  /// more than that of the answer before.
  GenerationArguments generation;
  bool json = false; // one JSON object an answer
};

/// Reads the user's turns from standard input, one a line, and writes answers
/// to standard output until the input ends. On a terminal a turn that cannot be
/// taken is reported and the conversation goes on, otherwise it is an Error.
void runChat(Package package, const ChatArguments &arguments);

} // namespace edgellm

#endif // EDGELLM_TOOLS_EDGELLM_RUN_CHAT_H
