//===- JsonObject.cpp - JSON read field by field --------------------------===//
#include "EdgeLLM/Support/JsonObject.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <sstream>
#include <vector>

using namespace edgellm;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

/// A few bytes of text, "[0,0,...", become many bytes of tree, and printing a
/// deep tree recurses: both are bounded before anything is parsed.
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

json edgellm::parseJson(std::string_view text, const std::string &origin) {
  checkBounds(text, origin);
  // The library keeps the last of two equal keys; we want neither.
  std::vector<std::set<std::string>> open;
  auto refuseRepeated = [&](int, json::parse_event_t event, json &value) {
    if (event == json::parse_event_t::object_start)
      open.emplace_back();
    else if (event == json::parse_event_t::object_end)
      open.pop_back();
    else if (event == json::parse_event_t::key &&
             !open.back().insert(value.get<std::string>()).second)
      fail(origin, ": field ", value.dump(), " stands twice in one object");
    return true;
  };
  try {
    return json::parse(text, refuseRepeated);
  } catch (const json::exception &error) {
    // The library's own prefix "[json.exception.…] " says nothing to a user.
    std::string_view message = error.what();
    message.remove_prefix(std::min(message.find("] ") + 2, message.size()));
    fail(origin, ": not JSON: ", message);
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

bool edgellm::isIntegerBetween(const json &value, uint64_t minimum,
                               uint64_t maximum) {
  if (!value.is_number_unsigned())
    return false;
  uint64_t number = value.get<uint64_t>();
  return number >= minimum && number <= maximum;
}

bool edgellm::isPlainString(const json &value) {
  if (!value.is_string())
    return false;
  const std::string &text = value.get_ref<const std::string &>();
  auto isControl = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  return !text.empty() && std::ranges::none_of(text, isControl);
}

/// A value as it stands in the file, cut where a message would get unreadable.
static std::string shown(const json &value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                json::error_handler_t::replace);
  constexpr size_t limit = 60;
  return text.size() <= limit ? text : text.substr(0, limit) + "...";
}

template <typename T> static std::string between(T minimum, T maximum) {
  std::ostringstream text;
  text << " from " << minimum << " to " << maximum;
  return text.str();
}

//===----------------------------------------------------------------------===//
// JsonObject
//===----------------------------------------------------------------------===//

JsonObject::JsonObject(const json &value, std::string origin, std::string field)
    : value(&value), origin(std::move(origin)), field(std::move(field)) {
  if (value.is_object())
    return;
  if (this->field.empty())
    fail(this->origin, ": found ", shown(value), ", expected an object");
  fail(this->origin, ": field '", this->field, "': found ", shown(value),
       ", expected an object");
}

std::string JsonObject::path(std::string_view key) const {
  return field.empty() ? std::string(key) : field + "." + std::string(key);
}

void JsonObject::failField(std::string_view key, const json &found,
                           std::string_view expected) const {
  fail(origin, ": field '", path(key), "': found ", shown(found), ", expected ",
       expected);
}

bool JsonObject::has(std::string_view key) const {
  return value->find(key) != value->end();
}

const json &JsonObject::take(std::string_view key) {
  auto found = value->find(key);
  if (found == value->end())
    fail(origin, ": field '", path(key), "' is missing");
  taken.emplace(key);
  return *found;
}

uint64_t JsonObject::integer(std::string_view key, uint64_t minimum,
                             uint64_t maximum) {
  const json &found = take(key);
  if (!isIntegerBetween(found, minimum, maximum))
    failField(key, found, "an integer" + between(minimum, maximum));
  return found.get<uint64_t>();
}

double JsonObject::number(std::string_view key, double minimum,
                          double maximum) {
  const json &found = take(key);
  double number = found.is_number() ? found.get<double>() : 0;
  if (!found.is_number() || !(number >= minimum && number <= maximum))
    failField(key, found, "a number" + between(minimum, maximum));
  return number;
}

bool JsonObject::boolean(std::string_view key) {
  const json &found = take(key);
  if (!found.is_boolean())
    failField(key, found, "true or false");
  return found.get<bool>();
}

std::string JsonObject::string(std::string_view key) {
  const json &found = take(key);
  if (!isPlainString(found))
    failField(key, found, "a string, not empty and on one line");
  return found.get<std::string>();
}

const json &JsonObject::array(std::string_view key, size_t minimumSize) {
  const json &found = take(key);
  if (!found.is_array())
    failField(key, found, "an array");
  if (found.size() < minimumSize)
    failField(key, found,
              "at least " + std::to_string(minimumSize) + " elements");
  return found;
}

JsonObject JsonObject::object(std::string_view key) {
  return JsonObject(take(key), origin, path(key));
}

JsonObject JsonObject::element(std::string_view key, size_t index) {
  return JsonObject(array(key).at(index), origin,
                    path(key) + "[" + std::to_string(index) + "]");
}

void JsonObject::finish() const {
  for (const auto &[key, unread] : value->items())
    if (!taken.contains(key))
      fail(origin, ": field ", json(path(key)).dump(), " is unknown");
}
