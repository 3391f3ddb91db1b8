//===- JsonObjectTest.cpp -------------------------------------------------===//
#include "EdgeLLM/Support/JsonObject.h"

#include "../Testing.h"

using namespace edgellm;
using edgellm::testing::errorOf;
using nlohmann::json;

namespace {

TEST(JsonObject, ReadsFields) {
  json root = parseJson(
      R"({"n": 3, "x": 0.5, "b": true, "s": "t", "a": [{"k": 1}]})", "f");
  JsonObject object(root, "f");
  EXPECT_EQ(object.integer("n", 0, 3), 3u);
  EXPECT_EQ(object.number("x", 0, 1), 0.5);
  EXPECT_TRUE(object.boolean("b"));
  EXPECT_EQ(object.string("s"), "t");
  EXPECT_EQ(object.element("a", 0).integer("k", 1, 1), 1u);
  object.finish();
}

TEST(JsonObject, RefusesWhatIsNoJson) {
  EXPECT_EQ(errorOf([] { parseJson("{\"a\": }", "f.json"); }).substr(0, 34),
            "f.json: not JSON: parse error at l");
  EXPECT_NE(errorOf([] { parseJson("\"\xff\"", "f"); }).find("f: not JSON"),
            std::string::npos);
  EXPECT_NE(errorOf([] { parseJson("", "f"); }).find("f: not JSON"),
            std::string::npos);
}

TEST(JsonObject, RefusesRepeatedKeys) {
  EXPECT_EQ(errorOf([] { parseJson(R"({"a": {"b": 1, "b": 2}})", "f"); }),
            "f: field \"b\" stands twice in one object");
  // Equal keys of different objects are fine.
  parseJson(R"({"a": {"a": 1}, "b": {"a": 1}})", "f");
}

std::string nested(size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonObject, RefusesDeepNesting) {
  parseJson(nested(64), "f");
  EXPECT_EQ(errorOf([] { parseJson(nested(65), "f"); }),
            "f: JSON nests deeper than 64 levels");
  // Even where it is broken, and however much of it there is.
  EXPECT_EQ(errorOf([] { parseJson(std::string(50'000'000, '['), "f"); }),
            "f: JSON nests deeper than 64 levels");
  // Levels end, and brackets in texts are none.
  parseJson("[" + nested(63) + "," + nested(63) + "]", "f");
  parseJson("\"\\\"" + nested(100) + "\"", "f");
}

/// An array of `count` zeros.
std::string zeros(size_t count) {
  std::string text = "[0";
  for (size_t i = 1; i < count; ++i)
    text += ",0";
  return text + "]";
}

TEST(JsonObject, RefusesMoreValuesThanFitTheMemory) {
  constexpr size_t most = size_t(1) << 22;
  EXPECT_EQ(parseJson(zeros(most - 1), "f").size(), most - 1);
  EXPECT_EQ(errorOf([] { parseJson(zeros(most), "f"); }),
            "f: JSON has more than 4194304 values");
}

TEST(JsonObject, RefusesNumbersThatAreNone) {
  for (const char *text : {"NaN", "Infinity", "-", "1e999", "0x10", "01"})
    EXPECT_NE(errorOf([&] { parseJson(text, "f"); }).find("f: not JSON"),
              std::string::npos)
        << text;
  // Wider than 64 bits is a real number, and no integer any more.
  json root = parseJson(R"({"n": 18446744073709551616})", "f");
  EXPECT_EQ(errorOf([&] { JsonObject(root, "f").integer("n", 0, UINT64_MAX); }),
            "f: field 'n': found 1.8446744073709552e+19, expected an integer "
            "from 0 to 18446744073709551615");
}

TEST(JsonObject, NamesFieldFoundAndExpected) {
  json root = parseJson(R"({"o": {"n": -1, "s": "a\nb", "f": 1.0}})", "f");
  JsonObject object = JsonObject(root, "f").object("o");
  EXPECT_EQ(errorOf([&] { object.integer("n", 0, 9); }),
            "f: field 'o.n': found -1, expected an integer from 0 to 9");
  EXPECT_EQ(errorOf([&] { object.integer("f", 0, 9); }),
            "f: field 'o.f': found 1.0, expected an integer from 0 to 9");
  EXPECT_EQ(errorOf([&] { object.number("n", 0, 0.5); }),
            "f: field 'o.n': found -1, expected a number from 0 to 0.5");
  EXPECT_EQ(errorOf([&] { object.string("s"); }),
            "f: field 'o.s': found \"a\\nb\", expected a string, not empty and "
            "on one line");
  EXPECT_EQ(errorOf([&] { object.boolean("n"); }),
            "f: field 'o.n': found -1, expected true or false");
  EXPECT_EQ(errorOf([&] { object.array("n"); }),
            "f: field 'o.n': found -1, expected an array");
  EXPECT_EQ(errorOf([&] { object.object("n"); }),
            "f: field 'o.n': found -1, expected an object");
  EXPECT_EQ(errorOf([&] { object.take("q"); }), "f: field 'o.q' is missing");
}

TEST(JsonObject, RefusesUnknownFields) {
  json root = parseJson(R"({"a": 1, "b": 2})", "f");
  JsonObject object(root, "f");
  object.take("a");
  EXPECT_EQ(errorOf([&] { object.finish(); }), "f: field \"b\" is unknown");
}

TEST(JsonObject, LongValuesAreCut) {
  json root = {{"a", std::string(1000, 'x')}};
  std::string error =
      errorOf([&] { JsonObject(root, "f").integer("a", 0, 1); });
  EXPECT_LT(error.size(), 150u);
}

} // namespace
