//===- Tokenizer.cpp - Text to token ids and back -------------------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"

#include "EdgeLLM/Runtime/Utf8.h"
#include "EdgeLLM/Support/Error.h"
#include "TokenizerModel.h"

using namespace edgellm;

bool edgellm::isTokenizerJson(std::string_view file) {
  size_t first = file.find_first_not_of(" \t\r\n");
  return first != file.npos && file[first] == '{';
}

static std::unique_ptr<TokenizerModel> readModel(std::string_view file,
                                                 const std::string &origin) {
  return isTokenizerJson(file) ? readByteLevelModel(file, origin)
                               : readSentencePieceModel(file, origin);
}

static std::string_view asText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

Tokenizer::Tokenizer(std::span<const std::byte> file, const std::string &origin,
                     std::vector<uint32_t> prefix)
    : model(readModel(asText(file), origin)), prefixIds(std::move(prefix)) {
  for (uint32_t id : prefixIds)
    if (id >= size())
      fail(origin, ": texts begin with token ", id, ", but there are ", size());
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;

uint32_t Tokenizer::size() const { return model->size(); }

std::vector<uint32_t> Tokenizer::encode(std::string_view text,
                                        const std::string &what) const {
  requireUtf8(text, what);
  std::vector<uint32_t> ids = prefixIds, rest = model->encode(text, what);
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

std::vector<uint32_t> Tokenizer::encodePart(std::string_view text, Place place,
                                            const std::string &what) const {
  requireUtf8(text, what);
  return model->encodePart(text, place, what);
}

std::optional<uint32_t>
Tokenizer::specialToken(std::string_view content) const {
  return model->specialToken(content);
}

std::string Tokenizer::decode(std::span<const uint32_t> ids) const {
  return model->decode(ids);
}

std::optional<Tokenizer> edgellm::loadTokenizer(const Package &package) {
  const Manifest &manifest = package.manifest();
  if (manifest.tokenizer.empty())
    return std::nullopt;
  MappedFile file = package.map(manifest.tokenizer);
  return Tokenizer(file.bytes(), file.path().string(), manifest.prefix);
}

//===----------------------------------------------------------------------===//
// TextStream
//===----------------------------------------------------------------------===//

TextStream::TextStream(const Tokenizer &tokenizer)
    : decoder(tokenizer.model->decoder()) {}

TextStream::~TextStream() = default;
TextStream::TextStream(TextStream &&) noexcept = default;

std::string TextStream::add(uint32_t id) { return decoder->add(id); }

std::string TextStream::finish() { return decoder->finish(); }
