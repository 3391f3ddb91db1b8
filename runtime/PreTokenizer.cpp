//===- PreTokenizer.cpp - Splits a text into words ------------------------===//
#include "PreTokenizer.h"

using namespace edgellm;
using nlohmann::json;

/// What ByteLevel splits by when it does.
static constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
    R"(|\s+(?!\S)|\s+)";

static constexpr size_t kMaxStages = 16;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

PreTokenizer::PreTokenizer(JsonObject &top, const std::string &origin) {
  const json &found = top.take("pre_tokenizer");
  if (!found.is_object())
    top.failField("pre_tokenizer", found, "ByteLevel or a Sequence with it");
  JsonObject stage = top.object("pre_tokenizer");
  if (found.value("type", json()) == "Sequence") {
    stage.take("type");
    size_t count = stage.array("pretokenizers", 1).size();
    if (count > kMaxStages)
      stage.failField("pretokenizers", count,
                      "at most " + std::to_string(kMaxStages));
    for (size_t i = 0; i < count; ++i)
      readStage(stage.element("pretokenizers", i), origin);
    stage.finish();
  } else {
    readStage(std::move(stage), origin);
  }
  if (!endsInBytes)
    top.failField("pre_tokenizer", found, "ByteLevel as the last step");
}

void PreTokenizer::readStage(JsonObject stage, const std::string &origin) {
  std::string type = stage.string("type");
  if (endsInBytes)
    stage.failField("type", type, "nothing after ByteLevel");
  if (type == "Split") {
    readSplit(stage, origin);
  } else if (type == "Digits") {
    bool single = stage.boolean("individual_digits");
    stages.push_back({SplitRegex(single ? "\\p{N}" : "\\p{N}+", origin)});
  } else if (type == "ByteLevel") {
    readByteLevel(stage);
  } else {
    stage.failField("type", type, "Split, Digits, ByteLevel or Sequence");
  }
  stage.finish();
}

static SplitRegex readPattern(JsonObject pattern, const std::string &origin) {
  const char *kind = pattern.has("String") ? "String" : "Regex";
  const json &text = pattern.take(kind);
  if (!text.is_string() || text.get_ref<const std::string &>().empty())
    pattern.failField(kind, text, "a string that is not empty");
  pattern.finish();
  std::string what = origin + ": field '" + pattern.path(kind) + "'";
  const std::string &content = text.get_ref<const std::string &>();
  return *kind == 'R' ? SplitRegex(content, what)
                      : SplitRegex::literal(content, what);
}

void PreTokenizer::readSplit(JsonObject &stage, const std::string &origin) {
  Stage result{readPattern(stage.object("pattern"), origin)};
  std::string behavior = stage.string("behavior");
  bool inverted = stage.has("invert") && stage.boolean("invert");
  if (behavior != "Isolated" && behavior != "Removed")
    stage.failField("behavior", behavior, "Isolated or Removed");
  result.dropsMatches = behavior == "Removed" && !inverted;
  result.dropsOthers = behavior == "Removed" && inverted;
  stages.push_back(std::move(result));
}

void PreTokenizer::readByteLevel(JsonObject &stage) {
  Stage result;
  result.spaceBefore = stage.boolean("add_prefix_space");
  if (stage.has("trim_offsets"))
    stage.boolean("trim_offsets"); // of offsets, which nobody asks for
  if (!stage.has("use_regex") || stage.boolean("use_regex"))
    result.regex.emplace(kGpt2Pattern, "pattern of ByteLevel");
  stages.push_back(std::move(result));
  endsInBytes = true;
}

//===----------------------------------------------------------------------===//
// Splitting
//===----------------------------------------------------------------------===//

void PreTokenizer::split(std::string_view text, MatchBudget &budget,
                         const Consumer &consume) const {
  splitFrom(0, text, budget, consume);
}

void PreTokenizer::splitFrom(size_t stage, std::string_view text,
                             MatchBudget &budget,
                             const Consumer &consume) const {
  if (text.empty())
    return;
  if (stage == stages.size())
    return consume(text);
  if (stages[stage].spaceBefore && text[0] != ' ') {
    std::string spaced = " " + std::string(text);
    return splitByRegex(stage, spaced, budget, consume);
  }
  splitByRegex(stage, text, budget, consume);
}

void PreTokenizer::splitByRegex(size_t number, std::string_view text,
                                MatchBudget &budget,
                                const Consumer &consume) const {
  const Stage &stage = stages[number];
  if (!stage.regex)
    return splitFrom(number + 1, text, budget, consume);
  auto hand = [&](size_t begin, size_t end, bool dropped) {
    if (!dropped)
      splitFrom(number + 1, text.substr(begin, end - begin), budget, consume);
  };
  SplitRegex::Search search(*stage.regex, text, budget);
  SplitRegex::Match match;
  size_t done = 0;
  while (search.next(match)) {
    hand(done, match.begin, stage.dropsOthers);
    hand(match.begin, match.end, stage.dropsMatches);
    done = match.end;
  }
  hand(done, text.size(), stage.dropsOthers);
}
