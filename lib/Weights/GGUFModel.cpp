//===- GGUFModel.cpp - What a GGUF file says of its model -----------------===//
#include "EdgeLLM/Weights/GGUF.h"
#include "Families/ConfigFields.h"
#include "Formats.h"
#include "GGUFTokenizer.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Architectures
//===----------------------------------------------------------------------===//

namespace {

/// An architecture as GGUF has it: keys and tensors are called the same in all
/// of them, what differs stands here.
struct Architecture {
  std::string_view name;         ///< general.architecture, before its keys
  std::string_view huggingFace;  ///< ModelConfig::architecture
  RotaryPairing pairing;         ///< llama's converter makes pairs neighbours
  bool fusedAttention = false;   ///< queries, keys and values in one tensor
  bool fusedFeedForward = false; ///< gate and up in one
  bool queryKeyNorm = false;
  /// LayerNorm, learned positions, a plain feed-forward network with GELU.
  bool isGPT2 = false;
};

} // namespace

static constexpr Architecture kArchitectures[] = {
    {"llama", "LlamaForCausalLM", RotaryPairing::adjacent},
    {"qwen2", "Qwen2ForCausalLM", RotaryPairing::half},
    {.name = "qwen3",
     .huggingFace = "Qwen3ForCausalLM",
     .pairing = RotaryPairing::half,
     .queryKeyNorm = true},
    {.name = "chatglm",
     .huggingFace = "ChatGLMModel",
     .pairing = RotaryPairing::adjacent,
     .fusedAttention = true,
     .fusedFeedForward = true},
    {.name = "gpt2",
     .huggingFace = "GPT2LMHeadModel",
     .pairing = RotaryPairing::half,
     .fusedAttention = true,
     .isGPT2 = true},
};

/// A tensor by which the frequencies of rotary embeddings are divided.
static constexpr std::string_view kRopeFreqs = "rope_freqs";

static const Architecture &architectureOf(const json &metadata,
                                          const std::string &origin) {
  constexpr std::string_view key = "general.architecture";
  JsonObject fields(metadata, origin);
  std::string name = fields.string(key);
  auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
  if (found != std::end(kArchitectures))
    return *found;
  std::string names;
  for (const Architecture &known : kArchitectures)
    names.append(names.empty() ? "" : ", ").append(known.name);
  fields.failField(key, name, "one of " + names);
}

static TensorNames namesOf(const Architecture &architecture) {
  TensorNames names = {
      .embedding = "token_embd",
      .blocks = "blk",
      .attentionNorm = "attn_norm",
      .attention = "",
      .query = "attn_q",
      .key = "attn_k",
      .value = "attn_v",
      .queryNorm = "attn_q_norm",
      .keyNorm = "attn_k_norm",
      .attentionOutput = "attn_output",
      .feedForwardNorm = "ffn_norm",
      .feedForward = "",
      .gate = "ffn_gate",
      .up = "ffn_up",
      .down = "ffn_down",
      .finalNorm = "output_norm",
      .output = "output",
  };
  if (architecture.fusedAttention)
    names.query = names.key = names.value = "attn_qkv";
  if (architecture.fusedFeedForward)
    names.gate = names.up;
  if (architecture.isGPT2)
    names.positions = "position_embd";
  return names;
}

//===----------------------------------------------------------------------===//
// Rotary embeddings
//===----------------------------------------------------------------------===//

/// What the keys below "rope.scaling." say.
static RopeScaling readScaling(ConfigFields &fields) {
  RopeScaling scaling;
  if (!fields.has("rope.scaling.type"))
    return scaling;
  std::string type = fields.string("rope.scaling.type");
  if (type == "none")
    return scaling;
  if (type != "linear" && type != "yarn")
    fields.failField("rope.scaling.type", type, "none, linear or yarn");
  scaling.kind =
      type == "yarn" ? RopeScalingKind::yarn : RopeScalingKind::linear;
  scaling.factor = fields.number("rope.scaling.factor", 1, 1e6);
  if (scaling.kind == RopeScalingKind::linear)
    return scaling;
  constexpr std::string_view original = "rope.scaling.original_context_length";
  scaling.original = double(fields.extent(original));
  scaling.low = 1; // turns; as the format's own reader has them
  scaling.high = 32;
  scaling.attention = yarnAttention(scaling.factor);
  return scaling;
}

/// The factor by which LLaMA 3 divides a frequency. Its parameters are not in
/// the file, all models of the family have these and differ in the factor.
static RopeScaling llama3Scaling(double factor) {
  return {.kind = RopeScalingKind::llama3,
          .factor = factor,
          .original = 8192,
          .low = 1,
          .high = 4};
}

/// rope_freqs has a divisor for every pair's frequency. Finds the scaling that
/// they come from and checks every one of them.
static RopeScaling scalingOf(const Tensor &divisors,
                             const ModelConfig &config) {
  if (divisors.shape != std::vector<int64_t>{config.rotary / 2})
    fail(divisors.where(), " has shape ", shapeText(divisors.shape),
         ", expected [", config.rotary / 2, "]");
  std::vector<float> found(size_t(config.rotary / 2));
  readRow(divisors, 0, found);
  if (std::ranges::all_of(found, [](float divisor) { return divisor == 1; }))
    return config.ropeScaling;
  if (config.ropeScaling.kind != RopeScalingKind::none)
    fail(divisors.where(), " scales rotary embeddings that key '",
         config.modelType, ".rope.scaling.type' scales already");
  RopeScaling scaling = llama3Scaling(found.back());
  if (const char *problem = scaling.problem(config.ropeTheta))
    fail(divisors.where(), " ends in ", found.back(), ": ", problem);
  RotaryTable plain(config.ropeTheta, config.rotary, {});
  RotaryTable scaled(config.ropeTheta, config.rotary, scaling);
  for (size_t pair = 0; pair < found.size(); ++pair) {
    double expected =
        plain.frequency(int64_t(pair)) / scaled.frequency(int64_t(pair));
    if (std::abs(found[pair] - expected) > 1e-5 * expected)
      fail(divisors.where(), " element ", pair, " is ", found[pair],
           ", the scaling of LLaMA 3 by ", found.back(), " has ", expected);
  }
  return scaling;
}

static void readRotary(ConfigFields &fields, ModelConfig &config) {
  config.rotary = fields.has("rope.dimension_count")
                      ? fields.extent("rope.dimension_count")
                      : config.headSize;
  if (config.rotary > config.headSize)
    fields.failField("rope.dimension_count", config.rotary,
                     "at most a head's " + std::to_string(config.headSize));
  config.ropeTheta = fields.has("rope.freq_base")
                         ? fields.number("rope.freq_base", 1, 1e12)
                         : 10000;
  config.ropeScaling = readScaling(fields);
  if (const char *problem = config.ropeScaling.problem(config.ropeTheta))
    fail(fields.origin, ": keys 'rope.scaling': ", problem);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Keys that say nothing that is not known or of use.
static constexpr std::string_view kIdleKeys[] = {
    "vocab_size", "tensor_data_layout", "rope.scaling.finetuned",
    "expert_used_count"};

static void readHeads(ConfigFields &fields, ModelConfig &config) {
  config.heads = fields.extent("attention.head_count");
  config.kvHeads = fields.extentOr("attention.head_count_kv", config.heads);
  bool given = fields.has("attention.key_length");
  if (!given && config.hidden % config.heads != 0)
    fail(fields.origin, ": ", config.hidden, " channels are no multiple of ",
         config.heads, " heads, and key '", fields.path("attention.key_length"),
         "' is missing");
  config.headSize = given ? fields.extent("attention.key_length")
                          : config.hidden / config.heads;
  if (fields.has("attention.value_length") &&
      fields.extent("attention.value_length") != config.headSize)
    fields.failField("attention.value_length",
                     fields.take("attention.value_length"),
                     "that of keys, " + std::to_string(config.headSize));
}

/// Within its window a model that slides is one that does not.
static void readContext(ConfigFields &fields, ModelConfig &config) {
  config.context = fields.extent("context_length");
  if (!fields.has("attention.sliding_window"))
    return;
  auto window = int64_t(fields.integer("attention.sliding_window", 0, 1 << 24));
  if (window == 0 || window >= config.context)
    return;
  config.context = window;
  config.contextReason = "attention.sliding_window";
}

static void readShape(ConfigFields &fields, const Architecture &architecture,
                      ModelConfig &config) {
  config.hidden = fields.extent("embedding_length");
  config.intermediate = fields.extent("feed_forward_length");
  config.layers = fields.layers("block_count");
  readHeads(fields, config);
  readContext(fields, config);
  config.norm = architecture.isGPT2 ? NormKind::layer : NormKind::rms;
  config.normEpsilon =
      fields.number(architecture.isGPT2 ? "attention.layer_norm_epsilon"
                                        : "attention.layer_norm_rms_epsilon",
                    1e-30, 1);
  config.ropeTheta = 1;
  if (architecture.isGPT2)
    config.contextReason = "each position has learned values";
  else
    readRotary(fields, config);
  for (std::string_view key : kIdleKeys)
    if (fields.has(key))
      fields.take(key);
  if (fields.has("expert_count"))
    fields.integer("expert_count", 0, 0);
  fields.finish();
  fields.checkShape(config);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

namespace {

/// Looks at what tensors there are.
class TensorLister {
public:
  TensorLister(std::span<const TensorFile> files, const std::string &origin)
      : files(files), origin(origin) {}

  bool has(std::string_view name) const { return findTensor(files, name); }
  const Tensor *find(std::string_view name) const {
    return findTensor(files, name);
  }
  bool hasBias(std::string_view part) const {
    return has("blk.0." + std::string(part) + ".bias");
  }
  /// Rows of the embedding; every format of tokens pads to them.
  int64_t vocabulary(std::string_view embedding) const;
  /// Refuses tensors that `config` has no place for: the model would be another
  /// one without them.
  void requireKnown(const ModelConfig &config,
                    std::string_view architecture) const;

private:
  std::span<const TensorFile> files;
  const std::string &origin;
};

} // namespace

int64_t TensorLister::vocabulary(std::string_view embedding) const {
  const Tensor *tensor = find(std::string(embedding) + ".weight");
  if (!tensor)
    fail(origin, ": tensor '", embedding, ".weight' is missing");
  constexpr int64_t most = 1 << 24;
  if (tensor->shape.size() != 2 || tensor->shape[0] < 1 ||
      tensor->shape[0] > most)
    fail(tensor->where(), " has shape ", shapeText(tensor->shape),
         ", expected a matrix of 1 to ", most, " rows");
  return tensor->shape[0];
}

namespace {

/// The names of a model's tensors.
class KnownTensors {
public:
  explicit KnownTensors(const ModelConfig &config);

  bool has(std::string_view name) const { return names.contains(name); }

private:
  void add(std::string_view before, std::string_view name, bool bias);
  void addBlock(const ModelConfig &config, const std::string &before);

  std::set<std::string, std::less<>> names;
};

} // namespace

void KnownTensors::add(std::string_view before, std::string_view name,
                       bool bias) {
  std::string full = std::string(before).append(name);
  names.insert(full + ".weight");
  if (bias)
    names.insert(full + ".bias");
}

void KnownTensors::addBlock(const ModelConfig &config,
                            const std::string &before) {
  const TensorNames &parts = config.names;
  bool normBias = config.norm == NormKind::layer;
  for (std::string_view part : {parts.attentionNorm, parts.feedForwardNorm})
    add(before, part, normBias);
  for (std::string_view part : {parts.query, parts.key, parts.value})
    add(before, part, config.qkvBias);
  if (config.queryKeyNorm)
    for (std::string_view part : {parts.queryNorm, parts.keyNorm})
      add(before, part, false);
  add(before, parts.attentionOutput, config.attentionOutputBias);
  if (config.gated)
    add(before, parts.gate, config.feedForwardBias);
  for (std::string_view part : {parts.up, parts.down})
    add(before, part, config.feedForwardBias);
}

KnownTensors::KnownTensors(const ModelConfig &config) {
  const TensorNames &parts = config.names;
  for (std::string_view part : {parts.embedding, parts.output, kRopeFreqs})
    add("", part, false);
  if (!parts.positions.empty())
    add("", parts.positions, false);
  add("", parts.finalNorm, config.norm == NormKind::layer);
  for (int64_t block = 0; block < config.layers; ++block)
    addBlock(config, std::string(parts.blocks).append(".") +
                         std::to_string(block) + ".");
}

void TensorLister::requireKnown(const ModelConfig &config,
                                std::string_view architecture) const {
  KnownTensors known(config);
  for (const TensorFile &file : files)
    for (const auto &[name, tensor] : file.tensors())
      if (!known.has(name))
        fail(tensor.where(), " has no place in a model of architecture '",
             architecture, "'");
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// The keys of the architecture without its name before them.
static json keysOf(const json &metadata, std::string_view architecture) {
  std::string prefix = std::string(architecture) + ".";
  json keys = json::object();
  for (const auto &[key, value] : metadata.items())
    if (key.starts_with(prefix))
      keys.emplace(key.substr(prefix.size()), value);
  return keys;
}

static ModelConfig readConfig(const json &metadata,
                              std::span<const TensorFile> files,
                              const std::string &origin) {
  const Architecture &architecture = architectureOf(metadata, origin);
  TensorLister tensors(files, origin);
  ModelConfig config = {};
  config.architecture = architecture.huggingFace;
  config.modelType = architecture.name;
  config.pairing = architecture.pairing;
  config.queryKeyNorm = architecture.queryKeyNorm;
  config.gated = !architecture.isGPT2;
  config.activation =
      architecture.isGPT2 ? ActivationKind::gelu : ActivationKind::silu;
  config.names = namesOf(architecture);
  config.vocabulary = tensors.vocabulary(config.names.embedding);
  json keys = keysOf(metadata, architecture.name);
  ConfigFields fields(keys, origin, std::string(architecture.name));
  readShape(fields, architecture, config);
  config.tiedEmbeddings =
      !tensors.has(std::string(config.names.output) + ".weight");
  config.qkvBias = tensors.hasBias(config.names.query);
  config.attentionOutputBias = tensors.hasBias(config.names.attentionOutput);
  config.feedForwardBias = tensors.hasBias(config.names.down);
  tensors.requireKnown(config, architecture.name);
  if (const Tensor *divisors =
          tensors.find(std::string(kRopeFreqs) + ".weight"))
    config.ropeScaling = scalingOf(*divisors, config);
  readGGUFTokens(metadata, origin, config);
  return config;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static constexpr std::string_view kSplitCount = "split.count";
static constexpr std::string_view kSplitNumber = "split.no";
// As many as the five digits of a name can count is out of proportion.
static constexpr uint64_t kMaxSplits = 1024;

/// What one of several files says of its place among them.
static void checkSplit(const json &metadata, uint64_t number, uint64_t count,
                       const std::string &origin) {
  JsonObject fields(metadata, origin);
  fields.integer(kSplitCount, count, count);
  fields.integer(kSplitNumber, number, number);
}

/// "-00001-of-00003.gguf"
static std::string splitSuffix(uint64_t number, uint64_t count) {
  char text[32];
  std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", unsigned(number + 1),
                unsigned(count));
  return text;
}

static json openOne(const fs::path &path, std::vector<TensorFile> &files) {
  MappedFile file(path);
  GGUFContent content = parseGGUF(file.bytes(), path);
  addFile(files, {std::move(file), std::move(content.tensors)});
  return std::move(content.metadata);
}

/// Opens the others of `count` files of which `first` is the first; returns
/// what their names have in common.
static std::string openOthers(const fs::path &first, uint64_t count,
                              std::vector<TensorFile> &files) {
  std::string name = first.filename().string(), suffix = splitSuffix(0, count);
  if (!name.ends_with(suffix))
    fail(first.string(), ": one of ", count,
         " files, expected the first, "
         "whose name ends in ",
         suffix);
  name.resize(name.size() - suffix.size());
  for (uint64_t number = 1; number < count; ++number) {
    fs::path path = folderOf(first) / (name + splitSuffix(number, count));
    checkSplit(openOne(path, files), number, count, path.string());
  }
  return name;
}

OpenedModel edgellm::openGGUF(const fs::path &file) {
  std::string origin = file.string();
  OpenedModel opened;
  json metadata = openOne(file, opened.files);
  opened.model.name = file.stem().string();
  if (metadata.contains(kSplitCount)) {
    uint64_t count =
        JsonObject(metadata, origin).integer(kSplitCount, 0, kMaxSplits);
    if (count > 1) {
      opened.model.name = openOthers(file, count, opened.files);
      checkSplit(metadata, 0, count, origin);
    }
  }
  opened.model.path = file;
  opened.model.directory = folderOf(file);
  opened.model.config = readConfig(metadata, opened.files, origin);
  opened.model.tokenizer = makeGGUFTokenizer(std::move(metadata), origin);
  return opened;
}
