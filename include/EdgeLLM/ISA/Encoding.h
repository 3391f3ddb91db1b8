//===- Encoding.h - What packing and unpacking is made of -------*- C++ -*-===//
//
// The primitives below the generated encoder and decoder: shifts and masks
// only, no bit-fields, no LLVM and no STL, so that compiler, runtime, device
// model and HLS kernels share them.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_ENCODING_H
#define EDGELLM_ISA_ENCODING_H

#include <cstdint>

namespace edgellm::isa {

/// Bytes of a packet, the unit of addresses: one channel block of one token.
inline constexpr unsigned kPacketBytes = 64;
/// FP16 channels of a packet.
inline constexpr unsigned kLanes = 32;
/// Words of a packet; instructions are whole packets of code.
inline constexpr unsigned kPacketWords = 8;

/// What an affine field is multiplied with: quantities of the request.
enum class Request : uint8_t {
  zero,
  tokens,          ///< new tokens of this pass
  past,            ///< tokens already cached
  context,         ///< tokens + past
  tokens_rounded,  ///< tokens, up to the next multiple of 32
  context_rounded, ///< context, up to the next multiple of 32
};
inline constexpr uint64_t kRequests = 6;

/// offset + factor * request. Range: offset 40 bits signed, factor 16 bits
/// unsigned; factor 0 and request zero imply each other.
struct Affine {
  int64_t offset = 0;
  int64_t factor = 0;
  Request request = Request::zero;

  friend constexpr bool operator==(const Affine &a, const Affine &b) {
    return a.offset == b.offset && a.factor == b.factor &&
           a.request == b.request;
  }
};

/// The value of a request register for one pass.
inline int64_t valueOf(Request request, uint32_t tokens, uint32_t past) {
  int64_t context = int64_t(tokens) + past;
  switch (request) {
  case Request::zero:
    return 0;
  case Request::tokens:
    return tokens;
  case Request::past:
    return past;
  case Request::context:
    return context;
  case Request::tokens_rounded:
    return (int64_t(tokens) + 31) / 32 * 32;
  case Request::context_rounded:
    return (context + 31) / 32 * 32;
  }
  return 0;
}

/// What the sequencer does at issue. Cannot overflow for encodable fields.
inline int64_t resolve(const Affine &field, uint32_t tokens, uint32_t past) {
  return field.offset + field.factor * valueOf(field.request, tokens, past);
}

/// Instructions that the sequencer keeps in flight: number n starts, and
/// streams, only when all up to n - kWindow have ended.
inline constexpr unsigned kWindow = 32;

/// A set of the cases of an enumeration.
template <typename Enumeration> struct Set {
  uint8_t bits = 0; ///< bit i stands for case i

  constexpr bool contains(Enumeration value) const {
    return bits >> unsigned(value) & 1;
  }
  constexpr void insert(Enumeration value) {
    bits = uint8_t(bits | 1u << unsigned(value));
  }
  constexpr bool empty() const { return bits == 0; }
  friend constexpr bool operator==(Set a, Set b) { return a.bits == b.bits; }
};

/// A field as the table has it; positions count bits from the lowest of a word.
struct FieldInfo {
  const char *name;
  unsigned word, shift, bits;
  /// Range of a number; of other kinds, 0 and the greatest value of the bits,
  /// which for reals and affine fields says nothing and is 0.
  int64_t min, max;
};

enum class DecodeErrorKind : uint8_t {
  none,
  truncated,      ///< found words, min needed
  unknown_opcode, ///< found the opcode
  out_of_range,   ///< found a value outside min..max
  reserved_bits,  ///< found bits outside every field
  not_finite,     ///< found the bits of an infinity or NaN
  not_canonical,  ///< an affine field with a second encoding
};

/// Why an encoding is illegal. The names point into constant data.
struct DecodeError {
  DecodeErrorKind kind = DecodeErrorKind::none;
  const char *instruction = "";
  const char *field = "";
  int64_t found = 0, min = 0, max = 0;
};

namespace detail {

struct FieldName {
  const char *instruction;
  const char *field;
};

inline bool refuse(DecodeErrorKind kind, FieldName name, int64_t found,
                   int64_t min, int64_t max, DecodeError &error) {
  error = {kind, name.instruction, name.field, found, min, max};
  return false;
}

inline bool inRange(int64_t value, int64_t min, int64_t max, FieldName name,
                    DecodeError &error) {
  return (value >= min && value <= max) ||
         refuse(DecodeErrorKind::out_of_range, name, value, min, max, error);
}

inline uint64_t bitsAt(uint64_t word, unsigned shift, unsigned bits) {
  return (word >> shift) &
         (bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1);
}

inline bool packNumber(uint64_t &word, unsigned shift, unsigned, int64_t min,
                       int64_t max, int64_t value, FieldName name,
                       DecodeError &error) {
  word |= uint64_t(value) << shift;
  return inRange(value, min, max, name, error);
}

inline bool unpackNumber(uint64_t word, unsigned shift, unsigned bits,
                         int64_t min, int64_t max, int64_t &value,
                         FieldName name, DecodeError &error) {
  value = int64_t(bitsAt(word, shift, bits));
  return inRange(value, min, max, name, error);
}

inline bool packFlag(uint64_t &word, unsigned shift, unsigned, bool value,
                     FieldName, DecodeError &) {
  word |= uint64_t(value) << shift;
  return true;
}

inline bool unpackFlag(uint64_t word, unsigned shift, unsigned bits,
                       bool &value, FieldName, DecodeError &) {
  value = bitsAt(word, shift, bits) != 0;
  return true;
}

template <typename Enumeration>
bool packChoice(uint64_t &word, unsigned shift, unsigned, int64_t cases,
                Enumeration value, FieldName name, DecodeError &error) {
  word |= uint64_t(value) << shift;
  return inRange(int64_t(value), 0, cases - 1, name, error);
}

template <typename Enumeration>
bool unpackChoice(uint64_t word, unsigned shift, unsigned bits, int64_t cases,
                  Enumeration &value, FieldName name, DecodeError &error) {
  uint64_t found = bitsAt(word, shift, bits);
  value = Enumeration(found);
  return inRange(int64_t(found), 0, cases - 1, name, error);
}

template <typename Enumeration>
bool packSet(uint64_t &word, unsigned shift, unsigned bits,
             Set<Enumeration> value, FieldName name, DecodeError &error) {
  word |= uint64_t(value.bits) << shift;
  return inRange(value.bits, 0, (int64_t(1) << bits) - 1, name, error);
}

template <typename Enumeration>
bool unpackSet(uint64_t word, unsigned shift, unsigned bits,
               Set<Enumeration> &value, FieldName, DecodeError &) {
  value.bits = uint8_t(bitsAt(word, shift, bits));
  return true;
}

inline bool isFinite(uint32_t bits, FieldName name, DecodeError &error) {
  return (bits & 0x7F800000) != 0x7F800000 ||
         refuse(DecodeErrorKind::not_finite, name, bits, 0, 0, error);
}

inline bool packReal(uint64_t &word, unsigned shift, unsigned, float value,
                     FieldName name, DecodeError &error) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  word |= uint64_t(bits) << shift;
  return isFinite(bits, name, error);
}

inline bool unpackReal(uint64_t word, unsigned shift, unsigned, float &value,
                       FieldName name, DecodeError &error) {
  uint32_t bits = uint32_t(word >> shift);
  __builtin_memcpy(&value, &bits, sizeof bits);
  return isFinite(bits, name, error);
}

/// The rules that both directions of an affine field check.
inline bool isLegal(const Affine &value, FieldName name, DecodeError &error) {
  constexpr int64_t offsetLimit = int64_t(1) << 39;
  if (!inRange(value.offset, -offsetLimit, offsetLimit - 1, name, error) ||
      !inRange(value.factor, 0, 0xFFFF, name, error) ||
      !inRange(int64_t(value.request), 0, kRequests - 1, name, error))
    return false;
  return (value.factor == 0) == (value.request == Request::zero) ||
         refuse(DecodeErrorKind::not_canonical, name, value.factor, 0, 0,
                error);
}

inline bool packAffine(uint64_t &word, unsigned shift, unsigned,
                       const Affine &value, FieldName name,
                       DecodeError &error) {
  uint64_t offset = uint64_t(value.offset) & 0xFFFFFFFFFF;
  word |=
      (offset | uint64_t(value.factor) << 40 | uint64_t(value.request) << 56)
      << shift;
  return isLegal(value, name, error);
}

inline bool unpackAffine(uint64_t word, unsigned shift, unsigned, Affine &value,
                         FieldName name, DecodeError &error) {
  // The cast from unsigned and the arithmetic shift extend the sign.
  value.offset = int64_t(bitsAt(word, shift, 40) << 24) >> 24;
  value.factor = int64_t(bitsAt(word, shift + 40, 16));
  value.request = Request(bitsAt(word, shift + 56, 4));
  return isLegal(value, name, error);
}

inline bool reservedAreZero(uint64_t word, uint64_t used,
                            const char *instruction, DecodeError &error) {
  return (word & ~used) == 0 ||
         refuse(DecodeErrorKind::reserved_bits, {instruction, ""},
                int64_t(word & ~used), 0, 0, error);
}

inline unsigned truncated(const char *instruction, int64_t needed,
                          uint64_t available, DecodeError &error) {
  return refuse(DecodeErrorKind::truncated, {instruction, ""},
                int64_t(available), needed, needed, error);
}

inline unsigned unknownOpcode(uint64_t opcode, DecodeError &error) {
  return refuse(DecodeErrorKind::unknown_opcode, {"", ""}, int64_t(opcode), 0,
                0, error);
}

} // namespace detail
} // namespace edgellm::isa

#endif // EDGELLM_ISA_ENCODING_H
