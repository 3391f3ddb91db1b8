//===- Error.h - The one exception of the plain libraries -------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_ERROR_H
#define EDGELLM_SUPPORT_ERROR_H

#include <stdexcept>
#include <string>

namespace edgellm {

/// A failure that the user can act on. what() is one line: what was found,
/// what is allowed, and where (file, tensor, field). Tools print it after
/// "error: " and exit with code 1.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

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
