//===- ConfigTesting.h - A good config.json and its changes -----*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_WEIGHTS_CONFIGTESTING_H
#define EDGELLM_TEST_UNIT_WEIGHTS_CONFIGTESTING_H

#include "EdgeLLM/Weights/ModelConfig.h"

#include "../Testing.h"

#include <nlohmann/json.hpp>

namespace edgellm::testing {

/// A config.json that is right, read with single fields changed.
class GoodConfig {
public:
  explicit GoodConfig(std::string_view text)
      : good(nlohmann::json::parse(text)) {}

  ModelConfig read() const { return read(good); }

  ModelConfig with(const char *key, const nlohmann::json &value) const {
    return read(changed(key, value));
  }

  ModelConfig without(const char *key) const {
    nlohmann::json config = good;
    config.erase(key);
    return read(config);
  }

  /// The error, after the file name.
  std::string errorWith(const char *key, const nlohmann::json &value) const {
    std::string prefix = "dir/config.json: ";
    std::string message = errorOf([&] { with(key, value); });
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(std::min(prefix.size(), message.size()));
  }

  GoodConfig changedTo(const char *key, const nlohmann::json &value) const {
    return GoodConfig(changed(key, value).dump());
  }

private:
  nlohmann::json changed(const char *key, const nlohmann::json &value) const {
    nlohmann::json config = good;
    config[key] = value;
    return config;
  }

  static ModelConfig read(const nlohmann::json &config) {
    return parseModelConfig(config.dump(), "dir/config.json");
  }

  nlohmann::json good;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_WEIGHTS_CONFIGTESTING_H
