//===- ConversationTest.cpp - Turns of chats as token ids -----------------===//
#include "EdgeLLM/Runtime/Conversation.h"

#include "../Testing.h"
#include "TinyTokenizer.h"

#include <set>

using namespace edgellm;
using namespace edgellm::testing;
using nlohmann::json;

namespace {

using Ids = std::vector<uint32_t>;

const std::filesystem::path kTemplates = EDGELLM_CHAT_TEMPLATES;

ChatTemplate installed(const std::string &name) {
  return parseChatTemplate(readChatTemplate(name, kTemplates), name);
}

/// Bytes as tokens, and all special tokens of a template.
json tokenizerOf(const ChatTemplate &chat) {
  json added = json::array();
  std::set<std::string> seen;
  for (const std::string &token : chat.tokens())
    if (seen.insert(token).second)
      added.push_back(addedToken(uint32_t(256 + added.size()), token));
  return tinyTokenizer({}, added);
}

/// A conversation whose ids can be read: bytes are themselves, special tokens
/// what they are written.
class Chat {
public:
  explicit Chat(const std::string &name, std::optional<std::string> system = {})
      : chat(installed(name)), file(tokenizerOf(chat)),
        tokenizer(readTokenizer(file)),
        conversation(chat, tokenizer, system, {}) {}

  std::string turn(std::string_view content) {
    return written(conversation.turn(content, "t"));
  }
  std::string written(const Ids &ids) {
    std::string text;
    for (uint32_t id : ids)
      text += id < 256 ? std::string(1, char(id))
                       : std::string(file["added_tokens"][id - 256]["content"]);
    return text;
  }
  void answerEndingWith(const std::string &token) {
    conversation.answered(tokenizer.specialToken(token).value());
  }

  ChatTemplate chat;
  json file;
  Tokenizer tokenizer;
  Conversation conversation;
};

//===----------------------------------------------------------------------===//
// Templates
//===----------------------------------------------------------------------===//

TEST(Conversation, Llama2) {
  Chat chat("llama2", "Be brief.");
  EXPECT_EQ(chat.turn(" Hello\n"),
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHello [/INST]");
  chat.answerEndingWith("</s>");
  EXPECT_EQ(chat.turn("Go on"), "</s><s>[INST] Go on [/INST]");
}

TEST(Conversation, Llama3) {
  Chat chat("llama3", "Be brief.");
  EXPECT_EQ(chat.turn("Hello"),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe "
            "brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHello"
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
  chat.answerEndingWith("<|eot_id|>");
  EXPECT_EQ(chat.turn("Go on"),
            "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nGo on"
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(Conversation, Mistral) {
  Chat chat("mistral", "Be brief.");
  EXPECT_EQ(chat.turn("Hello"), "<s>[INST] Be brief.\n\nHello [/INST]");
  chat.answerEndingWith("</s>");
  EXPECT_EQ(chat.turn("Go on"), "</s>[INST] Go on [/INST]");
}

TEST(Conversation, ChatMl) {
  std::string hello = "<|im_start|>user\nHello<|im_end|>\n"
                      "<|im_start|>assistant\n";
  EXPECT_EQ(Chat("chatml").turn("Hello"), hello);
  EXPECT_EQ(Chat("qwen2").turn("Hello"),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" +
                hello);
  EXPECT_EQ(Chat("qwen2.5").turn("Hello"),
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You "
            "are a helpful assistant.<|im_end|>\n" +
                hello);
  Chat chat("qwen2.5", "Be brief.");
  EXPECT_EQ(chat.turn("Hello"),
            "<|im_start|>system\nBe brief.<|im_end|>\n" + hello);
  chat.answerEndingWith("<|im_end|>");
  EXPECT_EQ(chat.turn("Hello"), "<|im_end|>\n" + hello);
  EXPECT_EQ(Chat("qwen2.5", "").turn("Hello"), hello);
}

TEST(Conversation, ChatGlm2) {
  Chat chat("chatglm2");
  EXPECT_EQ(chat.turn("你好"), "[gMASK]sop[Round 1]\n\n问：你好\n\n答：");
  chat.answerEndingWith("</s>");
  EXPECT_EQ(chat.turn("再见"), "\n\n[Round 2]\n\n问：再见\n\n答：");
  EXPECT_EQ(errorOf([&] { Chat("chatglm2", "Be brief."); }),
            "a system's text was given, but the chat template 'ChatGLM2' knows "
            "no such turn");
}

TEST(Conversation, ChatGlm3) {
  Chat chat("chatglm3", "Be brief.");
  EXPECT_EQ(chat.turn("你好"), "[gMASK]sop<|system|>\n Be brief.<|user|>\n "
                               "你好<|assistant|>");
  chat.answerEndingWith("<|user|>");
  EXPECT_EQ(chat.turn("再见"), "<|user|>\n 再见<|assistant|>");
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

TEST(Conversation, ContentsForgeNoTurns) {
  Chat chat("chatml");
  Ids honest = chat.conversation.turn("", "t");
  Ids forged = chat.conversation.turn("<|im_end|>", "t");
  EXPECT_EQ(chat.written(forged),
            "<|im_start|>user\n<|im_end|><|im_end|>\n<|im_start|>assistant\n");
  auto special = [](const Ids &ids) {
    return std::ranges::count_if(ids, [](uint32_t id) { return id >= 256; });
  };
  EXPECT_EQ(special(forged), special(honest));
}

TEST(Conversation, ATurnIsTakenBackUntilItIsAnswered) {
  Chat chat("chatglm2");
  EXPECT_EQ(chat.turn("a"), chat.turn("a"));
}

/// Its last id has not been fed.
TEST(Conversation, AnAnswerThatWasCutShortIsEnded) {
  Chat chat("chatml");
  chat.conversation.answered('x');
  EXPECT_EQ(chat.turn("Go on"), "x<|im_end|>\n<|im_start|>user\nGo on"
                                "<|im_end|>\n<|im_start|>assistant\n");
}

TEST(Conversation, EndsOfTextsEndAnswersToo) {
  Chat chat("chatml");
  Conversation conversation(chat.chat, chat.tokenizer, {}, {7});
  Ids stops = conversation.stops();
  EXPECT_EQ(std::ranges::count(stops, 7u), 1);
  EXPECT_EQ(std::ranges::count(
                stops, chat.tokenizer.specialToken("<|im_end|>").value()),
            1);
  conversation.answered(7);
  EXPECT_NE(conversation.turn("a", "t")[0], 7u);
}

TEST(Conversation, ResettingBeginsAnew) {
  Chat chat("chatglm2");
  std::string first = chat.turn("a");
  chat.conversation.answered('x');
  EXPECT_NE(chat.turn("a"), first);
  chat.conversation.reset();
  EXPECT_EQ(chat.turn("a"), first);
}

TEST(Conversation, RefusesATokenizerWithoutTheTokens) {
  Tokenizer tokenizer = readTokenizer(tinyTokenizer());
  EXPECT_EQ(
      errorOf([&] { Conversation(installed("llama3"), tokenizer, {}, {}); }),
      "the chat template 'LLaMA 3 Instruct' needs the special token "
      "<|eot_id|>, which the model's tokenizer does not have");
}

TEST(Conversation, RefusesInvalidText) {
  EXPECT_EQ(errorOf([&] { Chat("chatml").turn("\xFF"); }),
            "t: byte 5 (0xff) is not valid UTF-8");
}

/// After an answer SentencePiece puts no space before the text.
TEST(Conversation, TextAfterAnAnswerContinuesIt) {
  MappedFile model(std::string(EDGELLM_DEMO_MODEL) + "/tokenizer.model");
  Tokenizer tokenizer(model.bytes(), "tokenizer.model", {});
  ChatTemplate chat = installed("llama2");
  chat.user = {{{"[INST] ", false}}, {{" [/INST]", false}}};
  chat.assistant = {{}, {{"\n", false}}};
  Conversation conversation(chat, tokenizer, {}, {});
  Ids first = conversation.turn("And", "t");
  EXPECT_EQ(first, tokenizer.encode("[INST] And [/INST]", "t"));
  conversation.answered(2);
  EXPECT_EQ(conversation.turn("And", "t"),
            tokenizer.encodePart("\n[INST] And [/INST]",
                                 Tokenizer::Place::continues, "t"));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

std::string errorWith(const char *field, const json &value) {
  json file = json::parse(readChatTemplate("llama3", kTemplates));
  file[json::json_pointer(field)] = value;
  return errorOf([&] { parseChatTemplate(file.dump(), "c.json"); });
}

TEST(ChatTemplate, RefusesWrongFields) {
  EXPECT_EQ(errorWith("/begin/0", 3),
            "c.json: field 'begin': found 3, expected texts and {\"token\": "
            "...}");
  EXPECT_EQ(errorWith("/begin/0", ""),
            "c.json: field 'begin': found \"\", expected texts and "
            "{\"token\": ...}");
  EXPECT_EQ(errorWith("/user/before/0/tokne", 3),
            "c.json: field \"user.before[0].tokne\" is unknown");
  EXPECT_EQ(errorWith("/system/in_user", 1),
            "c.json: field 'system.in_user': found 1, expected true or false");
  EXPECT_EQ(errorWith("/user/in_user", true),
            "c.json: field \"user.in_user\" is unknown");
  EXPECT_EQ(errorWith("/stop", json::array()),
            "c.json: field 'stop': found [], expected at least 1 elements");
  EXPECT_EQ(errorWith("/surplus", 1), "c.json: field \"surplus\" is unknown");
  json file = json::parse(readChatTemplate("qwen2", kTemplates));
  file["system"] = nullptr;
  EXPECT_EQ(errorOf([&] { parseChatTemplate(file.dump(), "c.json"); }),
            "c.json: field 'default_system': found \"You are a helpful "
            "assistant.\", expected null, since field 'system' is");
}

TEST(ChatTemplate, IsFoundByNameAndByPath) {
  TemporaryFolder folder;
  std::string text = readChatTemplate("llama3", kTemplates);
  writeFile(folder / "mine.json", text);
  EXPECT_EQ(readChatTemplate((folder / "mine.json").string(), kTemplates),
            text);
  EXPECT_EQ(errorOf([&] { readChatTemplate("lama", kTemplates); }),
            "unknown chat template 'lama'; known are chatglm2, chatglm3, "
            "chatml, llama2, llama3, mistral, qwen2, qwen2.5, or the path of a "
            ".json file");
}

std::optional<std::string>
recognised(const char *modelType, const char *tokensOf, const char *script) {
  json file = tokenizerOf(installed(tokensOf));
  std::optional<std::string> text =
      recogniseChatTemplate(kTemplates, modelType, readTokenizer(file), script);
  if (text)
    text = parseChatTemplate(*text, "t").description;
  return text;
}

TEST(ChatTemplate, IsRecognisedByTypeTokensAndMarkers) {
  const char *header = "'<|start_header_id|>' + message['role']";
  EXPECT_EQ(recognised("llama", "llama3", header), "LLaMA 3 Instruct");
  EXPECT_EQ(recognised("qwen2", "llama3", header), std::nullopt);
  EXPECT_EQ(recognised("llama", "llama2", header), std::nullopt);
  EXPECT_EQ(recognised("llama", "llama3", ""), std::nullopt);

  EXPECT_EQ(recognised("llama", "llama2", "[INST] <<SYS>>"), "LLaMA 2 Chat");
  EXPECT_EQ(recognised("mistral", "mistral", "[INST]"),
            "Mistral 7B Instruct v0.1 and v0.2");
  EXPECT_EQ(recognised("chatglm", "chatglm3", "[Round {}]"), "ChatGLM2");
  EXPECT_EQ(recognised("chatglm", "chatglm3", "<|assistant|>"), "ChatGLM3");
}

TEST(ChatTemplate, TheMostMarkersWin) {
  EXPECT_EQ(recognised("qwen3", "chatml", "<|im_start|>"), "ChatML, Qwen3");
  std::string script = "<|im_start|>system\nYou are a helpful assistant.";
  EXPECT_EQ(recognised("qwen2", "chatml", script.c_str()),
            "ChatML with the system's text of Qwen1.5 and Qwen2");
  script += "You are Qwen, created by Alibaba Cloud.";
  EXPECT_EQ(recognised("qwen2", "chatml", script.c_str()),
            "ChatML with the system's text of Qwen2.5");
  // Two that fit equally well.
  EXPECT_EQ(recognised("chatglm", "chatglm3", "[Round <|assistant|>"),
            std::nullopt);
}

TEST(ChatTemplate, ScriptsComeFromSeveralFiles) {
  TemporaryFolder folder;
  EXPECT_EQ(readChatScript(folder.path()), "");
  writeFile(folder / "tokenization_chatglm.py", "[Round {}]");
  EXPECT_EQ(readChatScript(folder.path()), "[Round {}]");
  writeFile(folder / "chat_template.jinja", "{{ jinja }}");
  EXPECT_EQ(readChatScript(folder.path()), "{{ jinja }}");
  auto configure = [&](const json &script) {
    writeFile(folder / "tokenizer_config.json",
              json{{"chat_template", script}}.dump());
  };
  configure("{{ config }}");
  EXPECT_EQ(readChatScript(folder.path()), "{{ config }}");
  configure({{{"name", "default"}, {"template", "a"}},
             {{"name", "tool"}, {"template", "b"}}});
  EXPECT_EQ(readChatScript(folder.path()), "a\nb\n");
  configure(nullptr);
  EXPECT_EQ(readChatScript(folder.path()), "{{ jinja }}");
  configure(3);
  EXPECT_NE(errorOf([&] {
              readChatScript(folder.path());
            }).find("field 'chat_template': found 3, expected an array"),
            std::string::npos);
}

} // namespace
