//===- EncodeTexts.cpp - Token ids of texts, for tests --------------------===//
//
// EncodeTexts FILE reads one JSON string a line from standard input and prints
// for each [ids of the text, ids of the text as a part, the ids' text].
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "EdgeLLM/Support/Tool.h"

#include <iostream>
#include <nlohmann/json.hpp>

using namespace edgellm;
using nlohmann::json;

static void encodeLines(const std::string &path) {
  MappedFile file(path);
  Tokenizer tokenizer(file.bytes(), path, {});
  for (std::string line; std::getline(std::cin, line);) {
    std::string text = json::parse(line);
    std::vector<uint32_t> ids = tokenizer.encode(text, "text");
    json result = {ids,
                   tokenizer.encodePart(text, Tokenizer::Place::begins, "text"),
                   tokenizer.decode(ids)};
    print(result.dump() + "\n");
  }
}

int main(int argc, char **argv) {
  std::string path;
  CommandLine line = {"EncodeTexts",
                      "Prints the token ids of texts.",
                      {},
                      {{"FILE", "tokenizer.json or tokenizer.model", &path}},
                      {}};
  return runTool(line, argc, argv, [&] { encodeLines(path); });
}
