//===- SchemaTest.cpp - The schema says what the parser does --------------===//
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/MappedFile.h"
#include "EdgeLLM/Target/Target.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace edgellm;
using nlohmann::json;

static const json &schema() {
  static const json root = json::parse(
      readTextFile(shareDirectory() / "targets" / "target.schema.json"));
  return root;
}

/// The schema of the object that holds a field, and the field's own key.
static std::pair<json, std::string> locate(const std::string &path) {
  size_t dot = path.find('.');
  if (dot == std::string::npos)
    return {schema(), path};
  return {schema()["properties"].value(path.substr(0, dot), json()),
          path.substr(dot + 1)};
}

/// The keywords that the schema of a field must have, description aside.
static json expectedKeywords(const TargetField &field) {
  switch (field.kind) {
  case TargetField::Kind::text:
    return {{"type", "string"}, {"pattern", field.pattern}};
  case TargetField::Kind::number:
    return {{"type", "number"},
            {"minimum", field.minimum},
            {"maximum", field.maximum}};
  case TargetField::Kind::integer:
    break;
  }
  if (!field.choices.empty())
    return {{"type", "integer"}, {"enum", field.choices}};
  json result = {{"type", "integer"},
                 {"minimum", field.minimum},
                 {"maximum", field.maximum}};
  if (field.multipleOf != 1)
    result["multipleOf"] = field.multipleOf;
  return result;
}

TEST(TargetSchema, HasEveryFieldOfTheParser) {
  for (const TargetField &field : targetFields()) {
    SCOPED_TRACE(field.path);
    auto [object, key] = locate(field.path);
    ASSERT_TRUE(object["properties"].contains(key));
    json keywords = object["properties"][key];
    keywords.erase("description");
    EXPECT_EQ(keywords, expectedKeywords(field));
    const json &required = object["required"];
    EXPECT_EQ(std::ranges::count(required, json(key)), field.required);
  }
}

/// Dotted paths of all values the schema allows.
static std::vector<std::string> schemaPaths(const json &object,
                                            const std::string &prefix) {
  EXPECT_EQ(object["additionalProperties"], false) << prefix;
  std::vector<std::string> paths;
  for (const auto &[key, property] : object["properties"].items()) {
    if (property["type"] != "object") {
      paths.push_back(prefix + key);
      continue;
    }
    auto inner = schemaPaths(property, prefix + key + ".");
    paths.insert(paths.end(), inner.begin(), inner.end());
  }
  return paths;
}

TEST(TargetSchema, HasNoFieldTheParserDoesNotKnow) {
  std::vector<std::string> known;
  for (const TargetField &field : targetFields())
    known.push_back(field.path);
  std::vector<std::string> allowed = schemaPaths(schema(), "");
  std::ranges::sort(known);
  std::ranges::sort(allowed);
  EXPECT_EQ(known, allowed);
}

TEST(TargetSchema, RequiresTheSameObjects) {
  // Only ddr may be left out; the schema says by oneOf what takes its place.
  for (const auto &[key, property] : schema()["properties"].items())
    if (property["type"] == "object")
      EXPECT_EQ(std::ranges::count(schema()["required"], json(key)),
                key != "ddr")
          << key;
  json alternatives = {{{"required", {"ddr"}}},
                       {{"required", {"activation_port"}}}};
  EXPECT_EQ(schema()["oneOf"], alternatives);
}
