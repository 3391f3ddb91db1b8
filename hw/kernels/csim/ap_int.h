//===- ap_int.h - Integers of any width, for C simulation -------*- C++ -*-===//
//
// Stands in for the header of this name of Vitis HLS where that is not
// installed: the part of it that hw/kernels uses, on the compiler's _BitInt.
// Results have the widths that the Vitis header gives them (sums grow by a bit,
// products have the bits of both factors), so that what overflows in hardware
// overflows here.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_CSIM_AP_INT_H
#define EDGELLM_HW_KERNELS_CSIM_AP_INT_H

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

template <int width, bool isSigned> class ap_int_base;
template <int width, bool isSigned> class ap_range_ref;
template <int width> using ap_int = ap_int_base<width, true>;
template <int width> using ap_uint = ap_int_base<width, false>;

namespace ap_detail {

template <int width, bool isSigned> struct Storage {
  using type = unsigned _BitInt(width);
};
template <int width> struct Storage<width, true> {
  using type = signed _BitInt(width);
};

template <typename> inline constexpr bool isWide = false;
template <int width, bool isSigned>
inline constexpr bool isWide<ap_int_base<width, isSigned>> = true;
template <int width, bool isSigned>
inline constexpr bool isWide<ap_range_ref<width, isSigned>> = true;

/// Operands of an operator: one of ours, the other too or a built-in integer.
template <typename L, typename R>
concept Operands = (isWide<L> && (isWide<R> || std::integral<R>)) ||
                   (std::integral<L> && isWide<R>);

template <int width, bool isSigned>
constexpr auto wrap(const ap_int_base<width, isSigned> &value) {
  return value;
}
template <int width, bool isSigned>
constexpr auto wrap(const ap_range_ref<width, isSigned> &range) {
  return ap_uint<width>(range);
}
template <std::integral Integer> constexpr auto wrap(Integer value) {
  constexpr int width =
      std::is_same_v<Integer, bool> ? 1 : int(8 * sizeof(Integer));
  return ap_int_base<width, std::is_signed_v<Integer>>(value);
}

constexpr int greater(int a, int b) { return a > b ? a : b; }

/// The type that holds every value of both.
template <typename L, typename R>
using Common = ap_int_base<greater(L::width + (R::sign_flag && !L::sign_flag),
                                   R::width + (L::sign_flag && !R::sign_flag)),
                           L::sign_flag || R::sign_flag>;
template <typename L, typename R>
using Sum = ap_int_base<Common<L, R>::width + 1, L::sign_flag || R::sign_flag>;
template <typename L, typename R>
using Difference = ap_int_base<Common<L, R>::width + 1, true>;
template <typename L, typename R>
using Product = ap_int_base<L::width + R::width, L::sign_flag || R::sign_flag>;
template <typename L, typename R>
using Quotient =
    ap_int_base<L::width + R::sign_flag, L::sign_flag || R::sign_flag>;
template <typename L, typename R>
using Remainder =
    ap_int_base<(L::width < R::width + (!R::sign_flag && L::sign_flag)
                     ? L::width
                     : R::width + (!R::sign_flag && L::sign_flag)),
                L::sign_flag>;

} // namespace ap_detail

/// An integer of `width` bits. Assigning a wider one keeps the lowest bits.
template <int bitCount, bool isSigned> class ap_int_base {
public:
  static constexpr int width = bitCount;
  static constexpr bool sign_flag = isSigned;
  using Bits = typename ap_detail::Storage<bitCount, isSigned>::type;

  constexpr ap_int_base() : bits(0) {}
  template <std::integral Integer>
  constexpr ap_int_base(Integer value) : bits(Bits(value)) {}
  template <int otherBits, bool otherSign>
  constexpr ap_int_base(const ap_int_base<otherBits, otherSign> &other)
      : bits(Bits(other.bits)) {}
  template <int otherBits, bool otherSign>
  constexpr ap_int_base(const ap_range_ref<otherBits, otherSign> &range)
      : bits(Bits(range.template get<Bits>())) {}

  constexpr uint64_t to_uint64() const { return uint64_t(bits); }
  constexpr int64_t to_int64() const { return int64_t(bits); }
  constexpr unsigned to_uint() const { return unsigned(bits); }
  constexpr int to_int() const { return int(bits); }
  constexpr operator std::conditional_t<isSigned, int64_t, uint64_t>() const {
    return std::conditional_t<isSigned, int64_t, uint64_t>(bits);
  }

  /// Bits high..low, to read or to assign.
  constexpr ap_range_ref<bitCount, isSigned> range(int high, int low) {
    return {*this, high, low};
  }
  constexpr ap_range_ref<bitCount, isSigned> range(int high, int low) const {
    return {const_cast<ap_int_base &>(*this), high, low};
  }
  constexpr ap_range_ref<bitCount, isSigned> operator()(int high, int low) {
    return range(high, low);
  }
  constexpr ap_range_ref<bitCount, isSigned> operator()(int high,
                                                        int low) const {
    return range(high, low);
  }
  constexpr ap_range_ref<bitCount, isSigned> operator[](int bit) {
    return range(bit, bit);
  }
  constexpr bool operator[](int bit) const { return bool(bits >> bit & 1); }

  constexpr ap_int_base operator~() const { return make(~bits); }
  constexpr auto operator-() const { return ap_int<bitCount + 1>(0) - *this; }
  constexpr bool operator!() const { return bits == 0; }
  constexpr ap_int_base &operator++() { return *this = *this + 1; }
  constexpr ap_int_base &operator--() { return *this = *this - 1; }

  template <typename R> constexpr ap_int_base &operator+=(const R &right) {
    return *this = *this + right;
  }
  template <typename R> constexpr ap_int_base &operator-=(const R &right) {
    return *this = *this - right;
  }
  template <typename R> constexpr ap_int_base &operator*=(const R &right) {
    return *this = *this * right;
  }
  template <typename R> constexpr ap_int_base &operator|=(const R &right) {
    return *this = *this | right;
  }
  template <typename R> constexpr ap_int_base &operator&=(const R &right) {
    return *this = *this & right;
  }
  template <typename R> constexpr ap_int_base &operator^=(const R &right) {
    return *this = *this ^ right;
  }
  template <typename R> constexpr ap_int_base &operator<<=(const R &right) {
    return *this = *this << right;
  }
  template <typename R> constexpr ap_int_base &operator>>=(const R &right) {
    return *this = *this >> right;
  }

  static constexpr ap_int_base make(Bits bits) {
    ap_int_base result;
    result.bits = bits;
    return result;
  }

  Bits bits;
};

/// Some of the bits of an integer, as a number without sign.
template <int width, bool isSigned> class ap_range_ref {
public:
  using Integer = ap_int_base<width, isSigned>;

  constexpr ap_range_ref(Integer &integer, int high, int low)
      : integer(integer), high(high), low(low) {}

  constexpr operator uint64_t() const { return get<uint64_t>(); }
  constexpr uint64_t to_uint64() const { return get<uint64_t>(); }
  constexpr unsigned to_uint() const { return get<unsigned>(); }
  constexpr int to_int() const { return get<int>(); }

  template <typename Value>
  constexpr ap_range_ref &operator=(const Value &value) {
    set(ap_detail::wrap(value).bits);
    return *this;
  }
  constexpr ap_range_ref &operator=(const ap_range_ref &other) {
    set(ap_detail::wrap(other).bits);
    return *this;
  }
  constexpr ap_range_ref(const ap_range_ref &) = default;

  /// The bits as an unsigned number that is cut to the size of `Result`.
  template <typename Result> constexpr Result get() const {
    using Unsigned = unsigned _BitInt(width);
    Unsigned shifted = Unsigned(integer.bits) >> low;
    if (int length = high - low + 1; length < width)
      shifted &= (Unsigned(1) << length) - 1;
    return Result(shifted);
  }

private:
  template <typename Value> constexpr void set(Value value) {
    using Unsigned = unsigned _BitInt(width);
    int length = high - low + 1;
    if (length == 16 && low % 8 == 0 && !std::is_constant_evaluated()) {
      // FP16 lanes of packets, which kernels write one by one.
      uint16_t half = uint16_t(value);
      std::memcpy(reinterpret_cast<char *>(&integer.bits) + low / 8, &half,
                  sizeof half);
      return;
    }
    Unsigned mask =
        length < width ? (Unsigned(1) << length) - 1 : Unsigned(~Unsigned(0));
    Unsigned kept = Unsigned(integer.bits) & ~(mask << low);
    integer.bits =
        typename Integer::Bits(kept | (Unsigned(value) & mask) << low);
  }

  Integer &integer;
  int high, low;
};

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

#define AP_ARITHMETIC(symbol, Result)                                          \
  template <typename L, typename R>                                            \
    requires ap_detail::Operands<L, R>                                         \
  constexpr auto operator symbol(const L &left, const R &right) {              \
    auto l = ap_detail::wrap(left);                                            \
    auto r = ap_detail::wrap(right);                                           \
    using Type = ap_detail::Result<decltype(l), decltype(r)>;                  \
    using Wide =                                                               \
        ap_detail::Common<Type, ap_detail::Common<decltype(l), decltype(r)>>;  \
    using Bits = typename Wide::Bits;                                          \
    return Type::make(typename Type::Bits(Bits(l.bits) symbol Bits(r.bits)));  \
  }
AP_ARITHMETIC(+, Sum)
AP_ARITHMETIC(-, Difference)
AP_ARITHMETIC(*, Product)
AP_ARITHMETIC(/, Quotient)
AP_ARITHMETIC(%, Remainder)
AP_ARITHMETIC(&, Common)
AP_ARITHMETIC(|, Common)
AP_ARITHMETIC(^, Common)
#undef AP_ARITHMETIC

#define AP_COMPARISON(symbol)                                                  \
  template <typename L, typename R>                                            \
    requires ap_detail::Operands<L, R>                                         \
  constexpr bool operator symbol(const L &left, const R &right) {              \
    auto l = ap_detail::wrap(left);                                            \
    auto r = ap_detail::wrap(right);                                           \
    using Bits = typename ap_detail::Common<decltype(l), decltype(r)>::Bits;   \
    return Bits(l.bits) symbol Bits(r.bits);                                   \
  }
AP_COMPARISON(==)
AP_COMPARISON(!=)
AP_COMPARISON(<)
AP_COMPARISON(>)
AP_COMPARISON(<=)
AP_COMPARISON(>=)
#undef AP_COMPARISON

/// Shifts keep the type of the left operand. A shift by its width or more
/// leaves nothing, of a negative number shifted right only signs.
template <int width, bool isSigned, typename R>
constexpr ap_int_base<width, isSigned>
operator<<(const ap_int_base<width, isSigned> &left, const R &distance) {
  using Type = ap_int_base<width, isSigned>;
  int64_t by = int64_t(ap_detail::wrap(distance));
  if (by < 0)
    return left >> -by;
  using Unsigned = unsigned _BitInt(width);
  return by >= width
             ? Type(0)
             : Type::make(typename Type::Bits(Unsigned(left.bits) << by));
}
template <int width, bool isSigned, typename R>
constexpr ap_int_base<width, isSigned>
operator>>(const ap_int_base<width, isSigned> &left, const R &distance) {
  using Type = ap_int_base<width, isSigned>;
  int64_t by = int64_t(ap_detail::wrap(distance));
  if (by < 0)
    return left << -by;
  if (by >= width)
    return left < 0 ? Type(-1) : Type(0);
  return Type::make(left.bits >> by);
}

#endif // EDGELLM_HW_KERNELS_CSIM_AP_INT_H
