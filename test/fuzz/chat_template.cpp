//===- chat_template.cpp - Chat templates ---------------------------------===//
#include "EdgeLLM/Runtime/ChatTemplate.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    ChatTemplate chat = parseChatTemplate(fuzz::textOf(data, size), "f");
    fuzz::require(!chat.stop.empty() && !chat.tokens().empty(),
                  "something ends an answer");
  });
  return 0;
}
