//===- Error.h - The one exception of the plain libraries -------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_ERROR_H
#define EDGELLM_SUPPORT_ERROR_H

#include <stdexcept>
#include <string>
#include <string_view>

namespace edgellm {

/// A failure that the user can act on. what() is one line: what was found,
/// what is allowed, and where (file, tensor, field). Tools print it after
/// "error: " and exit with code 1.
class Error : public std::runtime_error {
public:
  /// Longest message in bytes. What a longer one quotes is no use to a reader:
  /// it loses its middle, and keeps where it came from and what was expected.
  static constexpr size_t kLongest = 900;

  /// The message is put on one line, see oneLine.
  explicit Error(std::string_view message);
};

/// Text on one line: control characters become spaces. Messages of other
/// libraries pass through here before they are shown.
std::string oneLine(std::string_view text);

/// Streams its arguments into the message of an Error and throws it.
template <typename... Parts> [[noreturn]] void fail(const Parts &...parts);

} // namespace edgellm

#include <sstream>

template <typename... Parts>
[[noreturn]] void edgellm::fail(const Parts &...parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(message.str());
}

#endif // EDGELLM_SUPPORT_ERROR_H
