//===- FieldWalker.h - Reads or lists the fields of a target ----*- C++ -*-===//
#ifndef EDGELLM_LIB_TARGET_FIELDWALKER_H
#define EDGELLM_LIB_TARGET_FIELDWALKER_H

#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Target/Target.h"

#include <optional>

namespace edgellm {

/// Walks a JSON object whose fields the caller names one after the other. Each
/// call checks one field and returns its value. Made without an object, the
/// same calls only record what they would have checked and return the smallest
/// legal value. So the code that reads a target is also the list of its fields.
class FieldWalker {
public:
  /// Lists.
  FieldWalker() = default;
  /// Reads; errors name `file`.
  FieldWalker(const nlohmann::json &root, const std::string &file)
      : object(std::in_place, root, file) {}

  /// Text that matches a regular expression.
  std::string text(const char *key, const char *pattern);
  /// A device address of up to 48 bit, written "0x4000000000".
  uint64_t address(const char *key);
  uint64_t integer(const char *key, uint64_t minimum, uint64_t maximum,
                   uint64_t multipleOf = 1);
  uint64_t choice(const char *key, std::vector<uint64_t> choices);
  double number(const char *key, double minimum, double maximum);

  /// Runs `read` on the object at `key`.
  template <typename Read> auto section(const char *key, Read read) {
    FieldWalker inner = enter(key);
    auto result = read(inner);
    leave(std::move(inner));
    return result;
  }

  /// Whether an optional field is there; a listing has every field.
  bool has(const char *key);
  /// Refuses the fields that nobody named.
  void finish() const;

  std::vector<TargetField> takeFields() { return std::move(fields); }

private:
  FieldWalker enter(const char *key);
  void leave(FieldWalker inner);
  void record(const char *key, TargetField field);

  std::optional<JsonObject> object; // empty in a listing
  std::string prefix;               // "hbm." inside the object hbm
  std::set<std::string> optional;   // keys asked for with has()
  std::vector<TargetField> fields;
};

} // namespace edgellm

#endif // EDGELLM_LIB_TARGET_FIELDWALKER_H
