//===- ChatTemplate.h - How a model was taught to converse ------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_CHATTEMPLATE_H
#define EDGELLM_RUNTIME_CHATTEMPLATE_H

#include "EdgeLLM/Runtime/Tokenizer.h"

namespace edgellm {

/// A part of what a template writes: a special token by its content, or text,
/// in which "{round}" stands for the number of the user's turn, from 1.
struct ChatPart {
  std::string text;
  bool isToken;
};
using ChatParts = std::vector<ChatPart>;

/// What stands around the content of a turn.
struct ChatTurn {
  ChatParts before, after;
};

/// The turns of a conversation as a model saw them in training. Read from JSON,
/// which models/chat/chat.schema.json describes.
struct ChatTemplate {
  std::string description;
  ChatParts begin;                // before the first turn
  std::optional<ChatTurn> system; // nothing: the model knows no such turn
  /// The system's turn stands in the first user turn, before its content.
  bool systemInUser = false;
  ChatTurn user, assistant;
  std::vector<std::string> stop; // tokens that end an answer
  std::optional<std::string> defaultSystem;
  bool trim = false; // white space around contents is left out
  // A checkpoint follows the template when it is of one of these types, its
  // tokenizer has every token named above, and its chat script holds every
  // marker.
  std::vector<std::string> modelTypes, markers;

  /// Content of every special token it names.
  std::vector<std::string> tokens() const;
};

/// Throws Error that names `origin` and the field.
ChatTemplate parseChatTemplate(std::string_view text,
                               const std::string &origin);

/// The folder of the templates that come with this installation.
std::filesystem::path chatTemplateDirectory();

/// The text of the template `nameOrPath`: a name in `directory`, or the path of
/// a .json file.
std::string readChatTemplate(std::string_view nameOrPath,
                             const std::filesystem::path &directory);

/// Names of the templates, "chatml, llama2, ...".
std::string chatTemplateNames(const std::filesystem::path &directory);

/// The text of the template of `directory` that a model follows: of those that
/// fit the one with the most markers. Nothing when none fits, or when two fit
/// equally well.
std::optional<std::string>
recogniseChatTemplate(const std::filesystem::path &directory,
                      std::string_view modelType, const Tokenizer &tokenizer,
                      std::string_view script);

/// The program by which a checkpoint's authors write conversations:
/// chat_template of tokenizer_config.json, chat_template.jinja, or the code of
/// its tokenizer. Empty when there is none.
std::string readChatScript(const std::filesystem::path &checkpoint);

/// The same of a model that may be one file.
std::string readChatScript(const ModelSource &model);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_CHATTEMPLATE_H
