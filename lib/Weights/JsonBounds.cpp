//===- JsonBounds.cpp - Bounds on JSON before it is parsed ----------------===//
#include "JsonBounds.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

using namespace edgellm;

static constexpr size_t kMaxDepth = 64;
static constexpr size_t kMaxValues = size_t(1) << 22;

/// The position after the string that begins at text[position] == '"'.
static size_t skipString(std::string_view text, size_t position) {
  for (++position; position < text.size() && text[position] != '"'; ++position)
    if (text[position] == '\\')
      ++position;
  return position + 1;
}

/// Counts brackets and commas outside of strings. Right for every text that is
/// JSON, and never too low for the part of another text that a parser reads.
static void checkBounds(std::string_view text, const std::string &origin) {
  size_t depth = 0, values = 1;
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    i = c == '"' ? skipString(text, i) : i + 1;
    if ((c == '{' || c == '[') && ++depth > kMaxDepth)
      fail(origin, ": JSON nests deeper than ", kMaxDepth, " levels");
    if ((c == '}' || c == ']') && depth > 0)
      --depth;
    if ((c == ',' || c == '{' || c == '[') && ++values > kMaxValues)
      fail(origin, ": JSON has more than ", kMaxValues, " values");
  }
}

nlohmann::json edgellm::parseBoundedJson(std::string_view text,
                                         const std::string &origin) {
  checkBounds(text, origin);
  return parseJson(text, origin);
}
