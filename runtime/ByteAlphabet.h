//===- ByteAlphabet.h - Characters that stand for bytes ---------*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_BYTEALPHABET_H
#define EDGELLM_LIB_RUNTIME_BYTEALPHABET_H

#include <optional>
#include <string>
#include <string_view>

namespace edgellm {

/// Byte-level tokenizers write tokens, which are bytes, as visible text. The
/// bytes that are printable in Latin-1 (! to ~, U+00A1 to U+00AC, U+00AE to
/// U+00FF) are the character with their number, the others in their order are
/// U+0100, U+0101, ...: space is U+0120, newline U+010A.
///
/// The UTF-8 of the character for a byte.
std::string characterOfByte(unsigned char byte);

/// The bytes that valid UTF-8 stands for; nothing when it holds another
/// character.
std::optional<std::string> bytesOfCharacters(std::string_view text);

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_BYTEALPHABET_H
