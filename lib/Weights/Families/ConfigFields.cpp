//===- ConfigFields.cpp - Fields of a config.json -------------------------===//
#include "ConfigFields.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;

static constexpr uint64_t kMaxExtent = uint64_t(1) << 24;
// The deepest models have about 130; a typo must not occupy all memory.
static constexpr uint64_t kMaxLayers = 1024;

int64_t ConfigFields::extent(std::string_view key) {
  return int64_t(integer(key, 1, kMaxExtent));
}

int64_t ConfigFields::layers(std::string_view key) {
  return int64_t(integer(key, 1, kMaxLayers));
}

int64_t ConfigFields::extentOr(std::string_view key, int64_t absent) {
  return isSet(key) ? extent(key) : absent;
}

int64_t ConfigFields::evenHeadSize(const ModelConfig &config,
                                   std::string_view hiddenKey,
                                   std::string_view more) const {
  if (config.hidden % config.heads != 0)
    fail(origin, ": ", hiddenKey, " ", config.hidden, " is no multiple of ",
         config.heads, " attention heads", more);
  return config.hidden / config.heads;
}

bool ConfigFields::flag(std::string_view key, bool absent) {
  return isSet(key) ? boolean(key) : absent;
}

static std::string expectation(const json &supported, std::string_view why) {
  return supported.dump().append(": ").append(why);
}

void ConfigFields::requireFlag(std::string_view key, bool supported,
                               bool absent, std::string_view why) {
  bool found = absent;
  if (absent != supported || isSet(key))
    found = boolean(key);
  if (found != supported)
    failField(key, found, expectation(supported, why));
}

void ConfigFields::requireName(
    std::string_view key, std::initializer_list<std::string_view> supported,
    std::string_view absent) {
  std::string found(absent);
  if (absent.empty() || isSet(key))
    found = string(key);
  if (std::ranges::find(supported, found) != supported.end())
    return;
  std::string expected;
  for (std::string_view name : supported)
    expected += (expected.empty() ? "" : " or ") + json(name).dump();
  failField(key, found, expected);
}

void ConfigFields::refuse(std::string_view key, const json &harmless,
                          std::string_view why) {
  if (isSet(key) && take(key) != harmless)
    failField(key, take(key), expectation(harmless, why));
}

void ConfigFields::checkShape(const ModelConfig &config) const {
  if (config.heads % config.kvHeads != 0)
    fail(origin, ": ", config.heads, " attention heads cannot share ",
         config.kvHeads, " key-value heads evenly");
  if (config.rotary > 0 && config.headSize % 2 != 0)
    fail(origin, ": head size ", config.headSize,
         " is odd, rotary embeddings turn pairs of channels");
  if (config.rotary % 2 != 0)
    fail(origin, ": ", config.rotary, " of a head's ", config.headSize,
         " channels turn, rotary embeddings turn pairs of channels");
  if (uint64_t(config.heads) * uint64_t(config.headSize) > kMaxExtent)
    fail(origin, ": ", config.heads, " heads of ", config.headSize,
         " channels, at most ", kMaxExtent, " channels are supported");
}

int ConfigFields::token(std::string_view key, const json &value,
                        int64_t vocabulary) {
  uint64_t last = uint64_t(vocabulary) - 1;
  if (!isIntegerBetween(value, 0, last))
    failField(key, value, "a token id from 0 to " + std::to_string(last));
  return value.get<int>();
}

void ConfigFields::readTokens(ModelConfig &config) {
  int64_t vocabulary = config.vocabulary;
  config.bosToken =
      isSet("bos_token_id")
          ? token("bos_token_id", take("bos_token_id"), vocabulary)
          : -1;
  if (!isSet("eos_token_id"))
    return;
  const json &eos = take("eos_token_id");
  if (!eos.is_array())
    config.eosTokens.push_back(token("eos_token_id", eos, vocabulary));
  else
    for (const json &value : eos)
      config.eosTokens.push_back(token("eos_token_id", value, vocabulary));
}
