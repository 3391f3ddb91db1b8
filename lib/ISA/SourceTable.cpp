//===- SourceTable.cpp - The sources of a program as bytes ----------------===//
#include "SourceTable.h"

#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Support/Error.h"

#include <cstring>
#include <unordered_map>

using namespace edgellm;

std::vector<std::byte>
edgellm::serializeSources(const std::vector<std::string> &sources) {
  std::unordered_map<std::string, uint32_t> numbers;
  std::string texts;
  std::vector<std::byte> bytes(sources.size() * sizeof(uint32_t));
  for (size_t i = 0; i < sources.size(); ++i) {
    auto [known, isNew] =
        numbers.try_emplace(sources[i], uint32_t(numbers.size()));
    if (isNew)
      texts.append(sources[i]).push_back('\0');
    std::memcpy(&bytes[i * sizeof(uint32_t)], &known->second, sizeof(uint32_t));
  }
  auto begin = reinterpret_cast<const std::byte *>(texts.data());
  bytes.insert(bytes.end(), begin, begin + texts.size());
  constexpr size_t packet = isa::kPacketBytes;
  bytes.resize((bytes.size() + packet - 1) / packet * packet);
  return bytes;
}

/// The texts up to the zeros that fill the last packet. A text that is empty
/// looks like them, so one follows the last that is not.
static std::vector<std::string_view> splitTexts(std::string_view bytes) {
  std::vector<std::string_view> texts;
  for (size_t end; (end = bytes.find('\0')) != bytes.npos;) {
    texts.push_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  return texts;
}

std::vector<std::string> edgellm::parseSources(std::span<const std::byte> bytes,
                                               uint64_t instructions,
                                               const std::string &origin) {
  std::vector<std::string> sources;
  if (bytes.empty())
    return sources;
  if (instructions > bytes.size() / sizeof(uint32_t))
    fail(origin, ": ", bytes.size(), " bytes of sources for ", instructions,
         " instructions");
  size_t numberBytes = instructions * sizeof(uint32_t);
  std::vector<std::string_view> texts =
      splitTexts({reinterpret_cast<const char *>(bytes.data()) + numberBytes,
                  bytes.size() - numberBytes});
  sources.reserve(instructions);
  for (uint64_t i = 0; i < instructions; ++i) {
    uint32_t number;
    std::memcpy(&number, &bytes[i * sizeof number], sizeof number);
    if (number >= texts.size())
      fail(origin, ": instruction ", i, " of the code has source ", number,
           ", there are ", texts.size());
    // A long text that many share would take far more memory than the file.
    if (texts[number].size() > kSourceBytes)
      fail(origin, ": the source of an instruction has ", texts[number].size(),
           " bytes, allowed are 0 to ", kSourceBytes, " bytes of text");
    sources.emplace_back(texts[number]);
  }
  return sources;
}
