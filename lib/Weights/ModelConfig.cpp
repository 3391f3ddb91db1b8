//===- ModelConfig.cpp - The config.json of a checkpoint ------------------===//
#include "EdgeLLM/Weights/ModelConfig.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/MappedFile.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;

static constexpr uint64_t kMaxExtent = uint64_t(1) << 24;
static constexpr size_t kMaxConfigBytes = size_t(16) << 20;

namespace {

struct Architecture {
  std::string_view name, modelType;
};

/// Reads one text into one ModelConfig.
class ConfigReader {
public:
  ConfigReader(const json &root, const std::string &origin)
      : fields(root, origin), origin(origin) {}

  ModelConfig read();

private:
  void readArchitecture();
  void readExtents();
  void readHeads();
  void readNumerics();
  void readTokens();
  void refuseUnsupported();

  int64_t extent(std::string_view key);
  int64_t extentOr(std::string_view key, int64_t absent);
  bool flag(std::string_view key);
  double ropeTheta();
  void requireUnscaled(std::string_view key);
  int token(std::string_view key, const json &value);

  /// Hugging Face writes null for "not set".
  bool isSet(std::string_view key) {
    return fields.has(key) && !fields.take(key).is_null();
  }

  JsonObject fields;
  const std::string &origin;
  ModelConfig config = {};
};

} // namespace

static constexpr Architecture kArchitectures[] = {
    {"LlamaForCausalLM", "llama"},
};

static std::string architectureNames() {
  std::string names;
  for (const Architecture &architecture : kArchitectures)
    names.append(names.empty() ? "" : ", ").append(architecture.name);
  return names;
}

ModelConfig ConfigReader::read() {
  readArchitecture();
  refuseUnsupported();
  readExtents();
  readHeads();
  readNumerics();
  readTokens();
  return std::move(config);
}

void ConfigReader::readArchitecture() {
  const json &names = fields.array("architectures");
  if (names.size() != 1 || !isPlainString(names[0]))
    fields.failField("architectures", names, "one name");
  config.architecture = names[0].get<std::string>();
  auto known = std::ranges::find(kArchitectures, config.architecture,
                                 &Architecture::name);
  if (known == std::end(kArchitectures))
    fields.failField("architectures", names, "one of " + architectureNames());
  config.modelType = fields.string("model_type");
  if (config.modelType != known->modelType)
    fields.failField("model_type", config.modelType,
                     json(known->modelType).dump());
}

/// What a config may ask for and this project does not do.
void ConfigReader::refuseUnsupported() {
  if (isSet("quantization_config"))
    fail(origin, ": field 'quantization_config': the weights are quantized "
                 "already, expected F32, F16 or BF16 weights");
  if (flag("mlp_bias"))
    fields.failField("mlp_bias", fields.take("mlp_bias"),
                     "false: biases of the MLP are not supported");
  if (isSet("partial_rotary_factor"))
    fields.number("partial_rotary_factor", 1, 1);
  config.hiddenActivation = fields.string("hidden_act");
  if (config.hiddenActivation != "silu")
    fields.failField("hidden_act", config.hiddenActivation, "\"silu\"");
}

int64_t ConfigReader::extent(std::string_view key) {
  return int64_t(fields.integer(key, 1, kMaxExtent));
}

int64_t ConfigReader::extentOr(std::string_view key, int64_t absent) {
  return isSet(key) ? extent(key) : absent;
}

bool ConfigReader::flag(std::string_view key) {
  return isSet(key) && fields.boolean(key);
}

void ConfigReader::readExtents() {
  config.hidden = extent("hidden_size");
  config.intermediate = extent("intermediate_size");
  config.layers = extent("num_hidden_layers");
  config.vocabulary = extent("vocab_size");
  config.context = extent("max_position_embeddings");
  config.tiedEmbeddings = flag("tie_word_embeddings");
  config.attentionBias = flag("attention_bias");
}

void ConfigReader::readHeads() {
  config.heads = extent("num_attention_heads");
  config.kvHeads = extentOr("num_key_value_heads", config.heads);
  if (config.heads % config.kvHeads != 0)
    fail(origin, ": ", config.heads, " attention heads cannot share ",
         config.kvHeads, " key-value heads evenly");
  if (isSet("head_dim"))
    config.headSize = extent("head_dim");
  else if (config.hidden % config.heads == 0)
    config.headSize = config.hidden / config.heads;
  else
    fail(origin, ": hidden_size ", config.hidden, " is no multiple of ",
         config.heads, " attention heads, and field 'head_dim' is missing");
  if (config.headSize % 2 != 0)
    fail(origin, ": head size ", config.headSize,
         " is odd, rotary embeddings turn pairs of channels");
  if (uint64_t(config.heads) * uint64_t(config.headSize) > kMaxExtent)
    fail(origin, ": ", config.heads, " heads of ", config.headSize,
         " channels, at most ", kMaxExtent, " channels are supported");
}

void ConfigReader::readNumerics() {
  config.rmsNormEpsilon = fields.number("rms_norm_eps", 1e-30, 1);
  config.ropeTheta = ropeTheta();
}

/// Refuses every way of stretching rotary embeddings to longer contexts.
void ConfigReader::requireUnscaled(std::string_view key) {
  if (!isSet(key))
    return;
  JsonObject scaling = fields.object(key);
  // "type" is the name of older files.
  std::string_view typeKey = scaling.has("rope_type") ? "rope_type" : "type";
  std::string type = scaling.string(typeKey);
  if (type != "default")
    scaling.failField(
        typeKey, type,
        "\"default\": scaled rotary embeddings are not supported");
}

/// Older files have the base beside "rope_scaling", newer ones have both inside
/// "rope_parameters".
double ConfigReader::ropeTheta() {
  constexpr double least = 1, most = 1e12, absent = 10000;
  requireUnscaled("rope_scaling");
  requireUnscaled("rope_parameters");
  double outer =
      isSet("rope_theta") ? fields.number("rope_theta", least, most) : 0;
  if (!isSet("rope_parameters"))
    return outer ? outer : absent;
  double inner =
      fields.object("rope_parameters").number("rope_theta", least, most);
  if (outer && outer != inner)
    fail(origin, ": rope_theta is ", outer,
         " but rope_parameters.rope_theta is ", inner);
  return inner;
}

int ConfigReader::token(std::string_view key, const json &value) {
  uint64_t last = uint64_t(config.vocabulary) - 1;
  if (!isIntegerBetween(value, 0, last))
    fields.failField(key, value,
                     "a token id from 0 to " + std::to_string(last));
  return value.get<int>();
}

void ConfigReader::readTokens() {
  config.bosToken = isSet("bos_token_id")
                        ? token("bos_token_id", fields.take("bos_token_id"))
                        : -1;
  if (!isSet("eos_token_id"))
    return;
  const json &eos = fields.take("eos_token_id");
  if (!eos.is_array())
    config.eosTokens.push_back(token("eos_token_id", eos));
  else
    for (const json &value : eos)
      config.eosTokens.push_back(token("eos_token_id", value));
}

ModelConfig edgellm::parseModelConfig(std::string_view text,
                                      const std::string &origin) {
  json root = parseJson(text, origin);
  return ConfigReader(root, origin).read();
}

ModelConfig edgellm::readModelConfig(const std::filesystem::path &file) {
  return parseModelConfig(readTextFile(file, kMaxConfigBytes), file.string());
}
