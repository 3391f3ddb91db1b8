//===- ModelConfig.cpp - The config.json of a checkpoint ------------------===//
#include "EdgeLLM/Weights/ModelConfig.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/MappedFile.h"
#include "Families/Families.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;

static constexpr size_t kMaxConfigBytes = size_t(16) << 20;

namespace {

struct Family {
  std::string_view architecture, modelType;
  void (*read)(ConfigFields &fields, ModelConfig &config);
};

} // namespace

static constexpr Family kFamilies[] = {
    {"LlamaForCausalLM", "llama", readLlama},
    {"MistralForCausalLM", "mistral", readMistral},
    {"Qwen2ForCausalLM", "qwen2", readQwen2},
    {"Qwen3ForCausalLM", "qwen3", readQwen3},
    {"GPT2LMHeadModel", "gpt2", readGPT2},
    {"ChatGLMModel", "chatglm", readChatGLM},
    {"ChatGLMForConditionalGeneration", "chatglm", readChatGLM},
};

static std::string architectureNames() {
  std::string names;
  for (const Family &family : kFamilies)
    names.append(names.empty() ? "" : ", ").append(family.architecture);
  return names;
}

static const Family &familyOf(ConfigFields &fields) {
  const json &names = fields.array("architectures");
  if (names.size() != 1 || !isPlainString(names[0]))
    fields.failField("architectures", names, "one name");
  auto family = std::ranges::find(kFamilies, names[0].get<std::string>(),
                                  &Family::architecture);
  if (family == std::end(kFamilies))
    fields.failField("architectures", names, "one of " + architectureNames());
  std::string modelType = fields.string("model_type");
  if (modelType != family->modelType)
    fields.failField("model_type", modelType, json(family->modelType).dump());
  return *family;
}

ModelConfig edgellm::parseModelConfig(std::string_view text,
                                      const std::string &origin) {
  json root = parseJson(text, origin);
  ConfigFields fields(root, origin);
  const Family &family = familyOf(fields);
  if (fields.isSet("quantization_config"))
    fail(origin, ": field 'quantization_config': the weights are quantized "
                 "already, expected F32, F16 or BF16 weights");
  ModelConfig config = {};
  config.architecture = family.architecture;
  config.modelType = family.modelType;
  family.read(fields, config);
  fields.checkShape(config);
  fields.readTokens(config);
  return config;
}

ModelConfig edgellm::readModelConfig(const std::filesystem::path &file) {
  return parseModelConfig(readTextFile(file, kMaxConfigBytes), file.string());
}
