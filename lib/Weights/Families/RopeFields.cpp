//===- RopeFields.cpp - Rotary embeddings in a config.json ----------------===//
#include "RopeFields.h"

#include "EdgeLLM/Support/Error.h"

#include <optional>

using namespace edgellm;

static constexpr double kLeastTheta = 1, kMostTheta = 1e12;
static constexpr double kAbsentTheta = 10000;
static constexpr std::string_view kOldKey = "rope_scaling";
static constexpr std::string_view kNewKey = "rope_parameters";

//===----------------------------------------------------------------------===//
// Scaling
//===----------------------------------------------------------------------===//

static bool isSet(JsonObject &object, std::string_view key) {
  return object.has(key) && !object.take(key).is_null();
}

static double readFactor(JsonObject &object) {
  return object.number("factor", 1, RopeScaling::kMaxFactor);
}

static double readOriginal(JsonObject &object) {
  return object.number("original_max_position_embeddings", 1,
                       RopeScaling::kMaxTokens);
}

static double readTurns(JsonObject &object, std::string_view key) {
  return object.number(key, RopeScaling::kLeastTurns, RopeScaling::kMaxTurns);
}

static double readAttention(JsonObject &object) {
  return object.number("attention_factor", RopeScaling::kLeastAttention,
                       RopeScaling::kMaxAttention);
}

/// The field that says which kind it is: "type" in older files. Some have both.
static std::string_view kindKey(JsonObject &object) {
  if (!object.has("rope_type"))
    return "type";
  std::string kind = object.string("rope_type");
  if (object.has("type") && object.string("type") != kind)
    object.failField("type", object.take("type"),
                     "\"" + kind + "\", as field 'rope_type' says");
  return "rope_type";
}

static RopeScaling readLlama3(JsonObject &object) {
  RopeScaling scaling{RopeScalingKind::llama3};
  scaling.factor = readFactor(object);
  scaling.original = readOriginal(object);
  scaling.low = readTurns(object, "low_freq_factor");
  scaling.high = readTurns(object, "high_freq_factor");
  return scaling;
}

/// What is absent has the values of the paper.
static RopeScaling readYarn(JsonObject &object, int64_t context) {
  RopeScaling scaling{RopeScalingKind::yarn};
  scaling.factor = readFactor(object);
  scaling.original = isSet(object, "original_max_position_embeddings")
                         ? readOriginal(object)
                         : double(context);
  scaling.low = isSet(object, "beta_slow") ? readTurns(object, "beta_slow") : 1;
  scaling.high =
      isSet(object, "beta_fast") ? readTurns(object, "beta_fast") : 32;
  scaling.attention = isSet(object, "attention_factor")
                          ? readAttention(object)
                          : yarnAttention(scaling.factor);
  if (object.has("truncate"))
    scaling.truncate = object.boolean("truncate");
  return scaling;
}

static RopeScaling readKind(JsonObject &object, int64_t context) {
  std::string_view key = kindKey(object);
  std::string kind = object.string(key);
  if (kind == "default")
    return {};
  if (kind == "linear")
    return {RopeScalingKind::linear, readFactor(object)};
  if (kind == "llama3")
    return readLlama3(object);
  if (kind == "yarn")
    return readYarn(object, context);
  std::string expected = "default, linear, llama3 or yarn";
  if (kind == "dynamic" || kind == "longrope")
    expected += ": the table of this one depends on the length of the request, "
                "a program has one for all";
  object.failField(key, kind, expected);
}

static RopeScaling readScaling(ConfigFields &fields, std::string_view key,
                               const ModelConfig &config) {
  JsonObject object = fields.object(key);
  RopeScaling scaling = readKind(object, config.context);
  if (key == kNewKey) {
    object.take("rope_theta"); // readTheta() has read it
    if (isSet(object, "partial_rotary_factor"))
      object.number("partial_rotary_factor", 1, 1);
  }
  object.finish();
  if (const char *problem = scaling.problem(config.ropeTheta))
    fail(fields.origin, ": field '", key, "': ", problem);
  return scaling;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

static double readTheta(ConfigFields &fields) {
  double outer = fields.isSet("rope_theta")
                     ? fields.number("rope_theta", kLeastTheta, kMostTheta)
                     : 0;
  if (!fields.isSet(kNewKey))
    return outer ? outer : kAbsentTheta;
  double inner =
      fields.object(kNewKey).number("rope_theta", kLeastTheta, kMostTheta);
  if (outer && outer != inner)
    fail(fields.origin, ": rope_theta is ", outer,
         " but rope_parameters.rope_theta is ", inner);
  return inner;
}

void edgellm::readRope(ConfigFields &fields, ModelConfig &config) {
  config.ropeTheta = readTheta(fields);
  std::optional<RopeScaling> found;
  for (std::string_view key : {kOldKey, kNewKey}) {
    if (!fields.isSet(key))
      continue;
    RopeScaling scaling = readScaling(fields, key, config);
    if (found && *found != scaling)
      fail(fields.origin, ": ", kOldKey, " and ", kNewKey,
           " say different things");
    found = scaling;
  }
  config.ropeScaling = found.value_or(RopeScaling());
}
