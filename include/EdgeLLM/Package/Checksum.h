//===- Checksum.h - XXH3 of a stream of bytes -------------------*- C++ -*-===//
#ifndef EDGELLM_PACKAGE_CHECKSUM_H
#define EDGELLM_PACKAGE_CHECKSUM_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct XXH3_state_s;

namespace edgellm {

/// XXH3, 64 bit, seed 0, of bytes that come in pieces of any size.
class Checksum {
public:
  Checksum();
  ~Checksum();
  Checksum(Checksum &&other) noexcept;
  Checksum &operator=(Checksum &&other) noexcept;

  void update(std::span<const std::byte> bytes);
  /// Of everything so far; more may follow.
  uint64_t value() const;

private:
  struct Free {
    void operator()(XXH3_state_s *state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state;
};

} // namespace edgellm

#endif // EDGELLM_PACKAGE_CHECKSUM_H
