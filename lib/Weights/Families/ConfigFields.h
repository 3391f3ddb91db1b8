//===- ConfigFields.h - Fields of a config.json -----------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_FAMILIES_CONFIGFIELDS_H
#define EDGELLM_LIB_WEIGHTS_FAMILIES_CONFIGFIELDS_H

#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Weights/ModelConfig.h"

#include <initializer_list>

namespace edgellm {

/// The fields of a config.json as the families read them. Fields that nobody
/// asks for are ignored: files are full of training parameters.
class ConfigFields : public JsonObject {
public:
  /// `field` is the path of the object in the file, empty for the outermost.
  ConfigFields(const nlohmann::json &root, const std::string &origin,
               std::string field = {})
      : JsonObject(root, origin, std::move(field)), origin(origin) {}

  /// Hugging Face writes null for "not set".
  bool isSet(std::string_view key) { return has(key) && !take(key).is_null(); }

  /// A count from 1 to 2^24.
  int64_t extent(std::string_view key);
  /// A count of layers, from 1 to 1024: each of them is compiled.
  int64_t layers(std::string_view key);
  int64_t extentOr(std::string_view key, int64_t absent);

  /// hidden / heads. When that is no whole number, an Error calls hidden by
  /// its field and ends with `more`.
  int64_t evenHeadSize(const ModelConfig &config, std::string_view hiddenKey,
                       std::string_view more = "") const;

  /// A boolean that is `absent` unless set.
  bool flag(std::string_view key, bool absent = false);

  /// Refuses every value of a boolean but `supported`, for the reason `why`.
  /// When it is not set the family's code takes `absent`.
  void requireFlag(std::string_view key, bool supported, bool absent,
                   std::string_view why);

  /// Refuses a name other than those in `supported`, which mean the same;
  /// `absent` is taken where the field is not set, unless it is empty.
  void requireName(std::string_view key,
                   std::initializer_list<std::string_view> supported,
                   std::string_view absent = "");

  /// Refuses a field that is set to anything but `harmless`.
  void refuse(std::string_view key, const nlohmann::json &harmless,
              std::string_view why);

  /// Refuses a model whose heads cannot be what `config` says.
  void checkShape(const ModelConfig &config) const;

  /// Reads bos_token_id and eos_token_id, ids below config.vocabulary.
  void readTokens(ModelConfig &config);

  /// For errors about several fields at once.
  const std::string &origin;

private:
  int token(std::string_view key, const nlohmann::json &value,
            int64_t vocabulary);
};

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_FAMILIES_CONFIGFIELDS_H
