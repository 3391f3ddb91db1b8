//===- Utf8.h - Where characters begin and end ------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_UTF8_H
#define EDGELLM_RUNTIME_UTF8_H

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace edgellm {

/// Offset of the first byte that is not part of a well-formed UTF-8 character
/// (Unicode 15, table 3-7: no overlong forms, no surrogates), if there is one.
std::optional<size_t> findInvalidUtf8(std::string_view text);

/// Throws Error with the offset unless `text` is well-formed; `what` names it.
void requireUtf8(std::string_view text, const std::string &what);

/// True when `bytes` ends in the middle of a character that the next bytes
/// could complete.
bool endsInsideCharacter(std::string_view bytes);

/// Bytes at the end of `bytes` that begin such a character, 0 to 3.
size_t unfinishedBytes(std::string_view bytes);

/// The text with U+FFFD for every longest part that could begin a character but
/// does not, and for every byte that could not (Unicode 15, section 3.9).
std::string replaceInvalidUtf8(std::string_view bytes);

/// Characters of well-formed text.
size_t countCharacters(std::string_view text);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_UTF8_H
