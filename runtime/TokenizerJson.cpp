//===- TokenizerJson.cpp - A tokenizer.json, read in one pass -------------===//
#include "TokenizerJson.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

using namespace edgellm;
using nlohmann::json;

// Of what is kept as JSON.
static constexpr size_t kMaxDepth = 64;
static constexpr size_t kMaxValues = size_t(1) << 20;

namespace {

/// Hears the parts of a text in their order.
class Reader final : public json::json_sax_t {
public:
  Reader(TokenizerJson &result, const std::string &origin)
      : result(result), origin(origin) {}

  bool null() override { return value(nullptr); }
  bool boolean(bool found) override { return value(found); }
  bool number_integer(int64_t found) override { return value(found); }
  bool number_unsigned(uint64_t found) override { return value(found); }
  bool number_float(double found, const std::string &) override {
    return value(found);
  }
  bool string(std::string &found) override;
  bool binary(binary_t &) override { return false; } // not in texts
  bool start_object(size_t) override { return start(json::object()); }
  bool start_array(size_t) override { return start(json::array()); }
  bool key(std::string &name) override;
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(size_t, const std::string &,
                   const json::exception &) override {
    return false;
  }

private:
  enum class Place { rest, vocabulary, merges, pair };

  bool value(json found);
  bool start(json container);
  bool end();
  json &add(json found);
  bool isModelField(std::string_view field) const;
  void addMerge(const std::string &text);
  [[noreturn]] void failVocabulary(const json &found) const;
  [[noreturn]] void failMerge(const json &found) const;

  TokenizerJson &result;
  const std::string &origin;
  Place place = Place::rest;
  std::vector<json *> open;      // containers of `rest` around what comes next
  std::vector<std::string> keys; // their names in the ones around them
  std::string name;              // of the next value of an object
  size_t values = 0;
  size_t sides = 0; // read of a merge's two
};

} // namespace

void Reader::failVocabulary(const json &found) const {
  fail(origin, ": field 'model.vocab': found ", json(name).dump(), ": ",
       found.dump(), ", expected a token and its id from 0 to ", kMaxTokenId);
}

void Reader::failMerge(const json &found) const {
  fail(origin, ": field 'model.merges': found ", found.dump(), " as merge ",
       result.merges.size(), ", expected \"a b\" or [\"a\", \"b\"]");
}

/// Adds a value to the innermost container of `rest`.
json &Reader::add(json found) {
  if (++values > kMaxValues)
    fail(origin, ": JSON has more than ", kMaxValues,
         " values beside vocab and merges");
  if (open.empty())
    return result.rest = std::move(found);
  if (open.back()->is_object())
    return (*open.back())[name] = std::move(found);
  return open.back()->emplace_back(std::move(found));
}

bool Reader::value(json found) {
  switch (place) {
  case Place::rest:
    add(std::move(found));
    break;
  case Place::vocabulary:
    if (name.empty() || !isIntegerBetween(found, 0, kMaxTokenId))
      failVocabulary(found);
    result.vocabulary.emplace_back(std::move(name), found.get<uint32_t>());
    break;
  case Place::merges:
  case Place::pair:
    failMerge(found);
  }
  return true;
}

void Reader::addMerge(const std::string &text) {
  size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos)
    failMerge(text);
  result.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
}

bool Reader::string(std::string &found) {
  if (place == Place::merges) {
    addMerge(found);
  } else if (place == Place::pair) {
    if (++sides > 2)
      failMerge(found);
    auto &[left, right] = result.merges.back();
    (sides == 1 ? left : right) = std::move(found);
  } else {
    return value(std::move(found));
  }
  return true;
}

bool Reader::key(std::string &found) {
  if (place == Place::rest && open.back()->contains(found))
    fail(origin, ": field ", json(found).dump(), " stands twice in one object");
  name = std::move(found);
  return true;
}

bool Reader::isModelField(std::string_view field) const {
  return open.size() == 2 && keys.back() == "model" && name == field;
}

bool Reader::start(json container) {
  bool isArray = container.is_array();
  if (place == Place::vocabulary)
    failVocabulary(container);
  if (place == Place::pair || (place == Place::merges && !isArray))
    failMerge(container);
  if (place == Place::merges) {
    place = Place::pair;
    sides = 0;
    result.merges.emplace_back();
    return true;
  }
  if (open.size() == kMaxDepth)
    fail(origin, ": JSON nests deeper than ", kMaxDepth, " levels");
  if (isModelField(isArray ? "merges" : "vocab"))
    place = isArray ? Place::merges : Place::vocabulary;
  open.push_back(&add(std::move(container)));
  keys.push_back(name);
  return true;
}

bool Reader::end() {
  if (place == Place::pair) {
    if (sides != 2)
      failMerge(json::array());
    place = Place::merges;
    return true;
  }
  place = Place::rest;
  open.pop_back();
  keys.pop_back();
  return true;
}

TokenizerJson edgellm::parseTokenizerJson(std::string_view text,
                                          const std::string &origin) {
  TokenizerJson result;
  Reader reader(result, origin);
  if (!json::sax_parse(text, &reader)) {
    parseJson(text, origin); // says what is wrong
    fail(origin, ": not JSON");
  }
  return result;
}
