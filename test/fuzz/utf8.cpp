//===- utf8.cpp - UTF-8 ---------------------------------------------------===//
#include "EdgeLLM/Runtime/Utf8.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text = fuzz::textOf(data, size);
  std::optional<size_t> invalid = findInvalidUtf8(text);
  fuzz::require(!invalid || *invalid < size, "an offset within the text");
  std::string_view valid = text.substr(0, invalid.value_or(size));
  fuzz::require(!findInvalidUtf8(valid), "what goes before is well-formed");
  fuzz::require(!endsInsideCharacter(valid), "and ends with a character");
  fuzz::require(countCharacters(valid) <= valid.size(),
                "characters have a byte at least");
  endsInsideCharacter(text);
  fuzz::mayFail([&] { requireUtf8(text, "f"); });
  return 0;
}
