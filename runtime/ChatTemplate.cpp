//===- ChatTemplate.cpp - How a model was taught to converse --------------===//
#include "EdgeLLM/Runtime/ChatTemplate.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

static constexpr size_t kMaxTemplateBytes = size_t(1) << 16;
static constexpr size_t kMaxScriptBytes = size_t(1) << 24;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static ChatParts readParts(JsonObject &object, std::string_view key) {
  ChatParts parts;
  size_t count = object.array(key).size();
  for (size_t i = 0; i < count; ++i) {
    const json &found = object.array(key)[i];
    if (found.is_string() && !found.get_ref<const std::string &>().empty()) {
      parts.push_back({found.get<std::string>(), false});
      continue;
    }
    if (!found.is_object())
      object.failField(key, found, "texts and {\"token\": ...}");
    JsonObject token = object.element(key, i);
    parts.push_back({token.string("token"), true});
    token.finish();
  }
  return parts;
}

/// Without finish(): a turn may have fields of its own.
static ChatTurn readTurn(JsonObject &turn) {
  return {readParts(turn, "before"), readParts(turn, "after")};
}

static ChatTurn readPlainTurn(JsonObject turn) {
  ChatTurn result = readTurn(turn);
  turn.finish();
  return result;
}

static void readSystem(JsonObject &top, ChatTemplate &result) {
  const json &text = top.take("default_system");
  if (!text.is_null())
    result.defaultSystem = top.string("default_system");
  if (top.take("system").is_null()) {
    if (result.defaultSystem)
      top.failField("default_system", text, "null, since field 'system' is");
    return;
  }
  JsonObject system = top.object("system");
  result.system = readTurn(system);
  result.systemInUser = system.boolean("in_user");
  system.finish();
}

static std::vector<std::string> readStrings(JsonObject &object,
                                            std::string_view key) {
  std::vector<std::string> strings;
  for (const json &found : object.array(key, 1)) {
    if (!isPlainString(found))
      object.failField(key, found, "strings, not empty and on one line");
    strings.push_back(found.get<std::string>());
  }
  return strings;
}

ChatTemplate edgellm::parseChatTemplate(std::string_view text,
                                        const std::string &origin) {
  json root = parseJson(text, origin);
  JsonObject top(root, origin);
  ChatTemplate result;
  result.description = top.string("description");
  JsonObject recognise = top.object("recognise");
  result.modelTypes = readStrings(recognise, "model_types");
  result.markers = readStrings(recognise, "markers");
  recognise.finish();
  result.begin = readParts(top, "begin");
  readSystem(top, result);
  result.user = readPlainTurn(top.object("user"));
  result.assistant = readPlainTurn(top.object("assistant"));
  result.stop = readStrings(top, "stop");
  result.trim = top.boolean("trim");
  top.finish();
  return result;
}

std::vector<std::string> ChatTemplate::tokens() const {
  std::vector<std::string> tokens = stop;
  auto collect = [&](const ChatParts &parts) {
    for (const ChatPart &part : parts)
      if (part.isToken)
        tokens.push_back(part.text);
  };
  collect(begin);
  for (const ChatTurn &turn : {system.value_or(ChatTurn()), user, assistant}) {
    collect(turn.before);
    collect(turn.after);
  }
  return tokens;
}

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

fs::path edgellm::chatTemplateDirectory() { return shareDirectory() / "chat"; }

std::string edgellm::chatTemplateNames(const fs::path &directory) {
  std::string list;
  for (const std::string &name : presetNames(directory))
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string edgellm::readChatTemplate(std::string_view nameOrPath,
                                      const fs::path &directory) {
  fs::path file = nameOrPath;
  bool isPath =
      nameOrPath.ends_with(".json") || nameOrPath.find('/') != nameOrPath.npos;
  if (!isPath) {
    if (std::ranges::count(presetNames(directory), nameOrPath) == 0)
      fail("unknown chat template '", nameOrPath, "'; known are ",
           chatTemplateNames(directory), ", or the path of a .json file");
    file = directory / (std::string(nameOrPath) + ".json");
  }
  return readTextFile(file, kMaxTemplateBytes);
}

static bool fits(const ChatTemplate &chat, std::string_view modelType,
                 const Tokenizer &tokenizer, std::string_view script) {
  return std::ranges::count(chat.modelTypes, modelType) != 0 &&
         std::ranges::all_of(
             chat.markers,
             [&](const auto &m) { return script.find(m) != script.npos; }) &&
         std::ranges::all_of(chat.tokens(), [&](const auto &token) {
           return tokenizer.specialToken(token).has_value();
         });
}

std::optional<std::string> edgellm::recogniseChatTemplate(
    const fs::path &directory, std::string_view modelType,
    const Tokenizer &tokenizer, std::string_view script) {
  std::optional<std::string> best;
  size_t markers = 0;
  for (const std::string &name : presetNames(directory)) {
    fs::path file = directory / (name + ".json");
    std::string text = readTextFile(file, kMaxTemplateBytes);
    ChatTemplate chat = parseChatTemplate(text, file.string());
    if (chat.markers.size() < markers ||
        !fits(chat, modelType, tokenizer, script))
      continue;
    if (chat.markers.size() == markers)
      best.reset();
    else
      best = std::move(text);
    markers = chat.markers.size();
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Scripts of checkpoints
//===----------------------------------------------------------------------===//

/// chat_template: a text, or a list of them with names.
static std::string configuredScript(const fs::path &file) {
  json root = parseJson(readTextFile(file, kMaxScriptBytes), file.string());
  JsonObject config(root, file.string());
  constexpr const char *key = "chat_template";
  if (!config.has(key) || config.take(key).is_null())
    return {};
  const json &found = config.take(key);
  if (found.is_string())
    return found.get<std::string>();
  std::string joined;
  size_t count = config.array(key).size();
  for (size_t i = 0; i < count; ++i) {
    JsonObject entry = config.element(key, i);
    const json &text = entry.take("template");
    if (!text.is_string())
      entry.failField("template", text, "a string");
    joined += text.get<std::string>() + "\n";
  }
  return joined;
}

std::string edgellm::readChatScript(const fs::path &checkpoint) {
  fs::path config = checkpoint / "tokenizer_config.json";
  std::string script;
  if (fs::exists(config))
    script = configuredScript(config);
  for (const char *name : {"chat_template.jinja", "tokenization_chatglm.py"})
    if (script.empty() && fs::exists(checkpoint / name))
      script = readTextFile(checkpoint / name, kMaxScriptBytes);
  return script;
}

std::string edgellm::readChatScript(const ModelSource &model) {
  if (model.tokenizer())
    return model.tokenizer()->chatScript();
  return readChatScript(model.directory());
}
