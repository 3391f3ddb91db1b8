//===- FieldWalker.cpp - Reads or lists the fields of a target ------------===//
#include "FieldWalker.h"

#include <algorithm>
#include <charconv>
#include <regex>

using namespace edgellm;
using nlohmann::json;

void FieldWalker::record(const char *key, TargetField field) {
  field.path = prefix + key;
  field.required = !optional.count(key);
  fields.push_back(std::move(field));
}

bool FieldWalker::has(const char *key) {
  optional.insert(key);
  return !object || object->has(key);
}

FieldWalker FieldWalker::enter(const char *key) {
  FieldWalker inner;
  inner.prefix = prefix + key + ".";
  if (object)
    inner.object = object->object(key);
  return inner;
}

void FieldWalker::leave(FieldWalker inner) {
  inner.finish();
  std::ranges::move(inner.fields, std::back_inserter(fields));
}

void FieldWalker::finish() const {
  if (object)
    object->finish();
}

std::string FieldWalker::text(const char *key, const char *pattern) {
  record(key, {.kind = TargetField::Kind::text, .pattern = pattern});
  if (!object)
    return "";
  const json &found = object->take(key);
  const std::string *text = found.get_ptr<const std::string *>();
  // No pattern allows more, and std::regex recurses once a character.
  constexpr size_t kLongest = 1000;
  if (!text || text->size() > kLongest ||
      !std::regex_search(*text, std::regex(pattern)))
    object->failField(key, found, std::string("text that matches ") + pattern);
  return *text;
}

uint64_t FieldWalker::address(const char *key) {
  std::string digits = text(key, "^0x[0-9a-f]{1,12}$");
  uint64_t result = 0;
  if (!digits.empty()) // a listing has no value
    std::from_chars(digits.data() + 2, digits.data() + digits.size(), result,
                    16);
  return result;
}

uint64_t FieldWalker::integer(const char *key, uint64_t minimum,
                              uint64_t maximum, uint64_t multipleOf) {
  record(key, {.kind = TargetField::Kind::integer,
               .minimum = double(minimum),
               .maximum = double(maximum),
               .multipleOf = multipleOf});
  if (!object)
    return minimum;
  uint64_t number = object->integer(key, minimum, maximum);
  if (number % multipleOf)
    object->failField(key, number,
                      "a multiple of " + std::to_string(multipleOf));
  return number;
}

uint64_t FieldWalker::choice(const char *key, std::vector<uint64_t> choices) {
  record(key, {.kind = TargetField::Kind::integer, .choices = choices});
  if (!object)
    return choices.front();
  const json &found = object->take(key);
  // 8.0 is a number, not an integer: only unsigned JSON numbers have a pointer.
  const uint64_t *number = found.get_ptr<const json::number_unsigned_t *>();
  if (!number || !std::ranges::count(choices, *number))
    object->failField(key, found, "one of " + json(choices).dump());
  return *number;
}

double FieldWalker::number(const char *key, double minimum, double maximum) {
  record(key, {.kind = TargetField::Kind::number,
               .minimum = minimum,
               .maximum = maximum});
  return object ? object->number(key, minimum, maximum) : minimum;
}
