//===- AddedTokens.cpp - Tokens that are whole strings of a text ----------===//
#include "AddedTokens.h"

#include <algorithm>
#include <utf8proc.h>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// White space
//===----------------------------------------------------------------------===//

/// Unicode's property White_Space.
static bool isWhiteSpace(utf8proc_int32_t c) {
  if ((c >= 0x09 && c <= 0x0D) || c == 0x85)
    return true;
  utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

/// Bytes of the first character of valid UTF-8 that is white space, else 0.
static size_t whiteSpaceAt(std::string_view text) {
  utf8proc_int32_t c = 0;
  utf8proc_ssize_t bytes =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                       utf8proc_ssize_t(text.size()), &c);
  return bytes > 0 && isWhiteSpace(c) ? size_t(bytes) : 0;
}

static size_t whiteSpaceBytesAtFront(std::string_view text) {
  size_t bytes = 0;
  while (size_t more = whiteSpaceAt(text.substr(bytes)))
    bytes += more;
  return bytes;
}

/// The text without the white space at its end.
static std::string_view withoutWhiteSpaceAtEnd(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (text[last] & 0xC0) == 0x80)
      --last;
    if (whiteSpaceAt(text.substr(last)) == 0)
      break;
    text = text.substr(0, last);
  }
  return text;
}

//===----------------------------------------------------------------------===//
// AddedTokenFinder
//===----------------------------------------------------------------------===//

static uint64_t keyOf(uint32_t node, char byte) {
  return uint64_t(node) << 8 | static_cast<unsigned char>(byte);
}

uint32_t AddedTokenFinder::childOf(uint32_t node, char byte) const {
  auto found = children.find(keyOf(node, byte));
  return found == children.end() ? kNone : found->second;
}

bool AddedTokenFinder::add(const AddedToken &token, std::string_view spelling) {
  uint32_t *link = &roots[static_cast<unsigned char>(spelling[0])];
  for (size_t i = 0;; ++i) {
    if (*link == kNone) {
      *link = uint32_t(nodes.size());
      nodes.push_back(kNone);
    }
    if (i + 1 == spelling.size())
      break;
    link = &children.try_emplace(keyOf(*link, spelling[i + 1]), kNone)
                .first->second;
  }
  if (nodes[*link] != kNone)
    return false;
  nodes[*link] = uint32_t(entries.size());
  entries.push_back({token.id, token.lstrip, token.rstrip});
  return true;
}

/// The longest token that begins a text.
std::optional<AddedTokenFinder::Found>
AddedTokenFinder::findAt(std::string_view text) const {
  std::optional<Found> found;
  uint32_t node = roots[static_cast<unsigned char>(text[0])];
  for (size_t bytes = 1; node != kNone; ++bytes) {
    if (nodes[node] != kNone)
      found = {nodes[node], bytes};
    if (bytes == text.size())
      break;
    node = childOf(node, text[bytes]);
  }
  return found;
}

void AddedTokenFinder::split(std::string_view text,
                             const Consumer &consume) const {
  size_t done = 0;
  for (size_t begin = 0; begin < text.size();) {
    std::optional<Found> found = findAt(text.substr(begin));
    if (!found) {
      ++begin;
      continue;
    }
    const Entry &entry = entries[found->entry];
    std::string_view before = text.substr(done, begin - done);
    if (entry.lstrip)
      before = withoutWhiteSpaceAtEnd(before);
    if (!before.empty())
      consume(std::nullopt, before);
    size_t end = begin + found->bytes;
    if (entry.rstrip)
      end += whiteSpaceBytesAtFront(text.substr(end));
    consume(entry.id, text.substr(begin, end - begin));
    done = begin = end;
  }
  if (done < text.size())
    consume(std::nullopt, text.substr(done));
}
