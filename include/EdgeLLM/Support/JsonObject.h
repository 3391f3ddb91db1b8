//===- JsonObject.h - JSON read field by field ------------------*- C++ -*-===//
//
// For files that people edit and programs trust: every field is checked for its
// type and range, unknown and repeated ones are refused, and every Error is one
// line with the file, the field, what was found and what was expected.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_SUPPORT_JSONOBJECT_H
#define EDGELLM_SUPPORT_JSONOBJECT_H

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

namespace edgellm {

/// Parses a whole text. Errors name `origin`; a key that stands twice in an
/// object is one, and so are more than 64 levels or 2^22 values.
nlohmann::json parseJson(std::string_view text, const std::string &origin);

/// One object of a parsed text. Construct it, read every field, call finish().
class JsonObject {
public:
  /// `field` is the path of the object in the file, empty for the outermost.
  JsonObject(const nlohmann::json &value, std::string origin,
             std::string field = {});

  bool has(std::string_view key) const;
  /// Numbers in [minimum, maximum].
  uint64_t integer(std::string_view key, uint64_t minimum, uint64_t maximum);
  double number(std::string_view key, double minimum, double maximum);
  bool boolean(std::string_view key);
  /// A string of at least one byte, without control characters.
  std::string string(std::string_view key);
  const nlohmann::json &array(std::string_view key, size_t minimumSize = 0);
  JsonObject object(std::string_view key);
  /// An element of an array of objects.
  JsonObject element(std::string_view key, size_t index);
  /// Marks a field as known and returns it, null or not.
  const nlohmann::json &take(std::string_view key);

  /// Refuses fields that nobody read.
  void finish() const;

  /// Error "origin: field 'path': found F, expected E".
  [[noreturn]] void failField(std::string_view key, const nlohmann::json &found,
                              std::string_view expected) const;
  std::string path(std::string_view key) const;

private:
  const nlohmann::json *value;
  std::string origin, field;
  std::set<std::string, std::less<>> taken;
};

/// The same checks on a value that is no field, e.g. an array's element.
bool isIntegerBetween(const nlohmann::json &value, uint64_t minimum,
                      uint64_t maximum);
bool isPlainString(const nlohmann::json &value);

} // namespace edgellm

#endif // EDGELLM_SUPPORT_JSONOBJECT_H
