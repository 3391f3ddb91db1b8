//===- AddedTokens.h - Tokens that are whole strings of a text --*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_ADDEDTOKENS_H
#define EDGELLM_LIB_RUNTIME_ADDEDTOKENS_H

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edgellm {

/// An entry of the field added_tokens of a tokenizer.json.
struct AddedToken {
  uint32_t id;
  std::string content; // 1 to kMaxAddedTokenBytes bytes
  bool lstrip;         // takes the white space before it
  bool rstrip;         // takes the white space after it
  bool normalized;     // is looked for in the normalized text
  bool special;
};

inline constexpr size_t kMaxAddedTokenBytes = 256;

/// Finds added tokens in a text: the leftmost first, of those that begin there
/// the longest. Takes at most kMaxAddedTokenBytes steps a byte.
class AddedTokenFinder {
public:
  AddedTokenFinder() { roots.fill(kNone); }

  /// Looks for `token` under `spelling` from now on. Returns false when another
  /// token has it.
  bool add(const AddedToken &token, std::string_view spelling);

  /// Hands over the parts of a text in their order: its tokens by their id, and
  /// the text between them, never empty.
  using Consumer =
      std::function<void(std::optional<uint32_t> id, std::string_view text)>;
  void split(std::string_view text, const Consumer &consume) const;

private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Entry {
    uint32_t id;
    bool lstrip, rstrip;
  };
  struct Found {
    uint32_t entry;
    size_t bytes;
  };
  uint32_t childOf(uint32_t node, char byte) const;
  std::optional<Found> findAt(std::string_view text) const;

  std::vector<uint32_t> nodes; // entry that ends there; kNone: none
  std::vector<Entry> entries;
  std::array<uint32_t, 256> roots; // the node after a first byte
  std::unordered_map<uint64_t, uint32_t> children; // by node and byte
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_ADDEDTOKENS_H
