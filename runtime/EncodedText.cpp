//===- EncodedText.cpp - A text as token ids ------------------------------===//
#include "EdgeLLM/Runtime/EncodedText.h"

#include "EdgeLLM/Runtime/Utf8.h"

#include <algorithm>

using namespace edgellm;

EncodedText edgellm::encodeParagraphs(const Tokenizer &tokenizer,
                                      std::string_view text,
                                      const std::string &what) {
  EncodedText result;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty())
      continue;
    std::vector<uint32_t> ids =
        tokenizer.encode(line, what + ": line " + std::to_string(number));
    result.ids.insert(result.ids.end(), ids.begin(), ids.end());
    result.characters += countCharacters(line);
  }
  return result;
}
