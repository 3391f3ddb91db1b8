// Formats of hw/numerics.md and what follows from them.

package edgellm_numerics;
  // From the target and Model/Numerics.h, by edgellm-rtl-facts.
  `include "edgellm_facts.svh"

  // N1: an FP16 value is (-1)^s * mant * 2^(exp - HALF_OFFSET).
  localparam int HALF_BITS = 16;
  localparam int FRACTION_BITS = 10;
  localparam int MANTISSA_BITS = FRACTION_BITS + 1;
  localparam int EXPONENT_BITS = 5;
  localparam int HALF_OFFSET = 25;
  localparam int HALF_ONE = 15;  // exponent field of 1.0
  // Exponents of edgellm_normal_half: those of N1 + FRACTION_BITS, less what a
  // subnormal was shifted by.
  localparam int NORMAL_EXPONENT_BITS = EXPONENT_BITS + 1;

  // N3: binary32.
  localparam int FLOAT_BITS = 32;
  localparam int SIGNIFICAND_BITS = 24;
  localparam int FLOAT_BIAS = 127;

  // N4: running sums of sum8.
  localparam int SUMS = 8;

  // N6: magnitudes of an aligned activation, and of its product with a code.
  localparam int ALIGNED_BITS = MANTISSA_BITS + GUARD_BITS;
  localparam int PRODUCT_BITS = ALIGNED_BITS + CODE_BITS - 1;

  // N7: a product of two mantissas, and what is left of it.
  localparam int FULL_BITS = 2 * MANTISSA_BITS;
  localparam int KEPT_BITS = FULL_BITS - PRODUCT_DROP;
  localparam int SUM_EXPONENT_BITS = EXPONENT_BITS + 1;

  // N7, "one array for both modes": lanes of the INT4 mode that make one of the
  // FP16 mode. Three of four multiply, by one nibble of the weight each.
  localparam int QUAD = INT4_INPUTS / FP16_INPUTS;
  localparam int QUADS = FP16_INPUTS;

  // What a quad hands to the adder tree, in two's complement: four products, or
  // one of the FP16 mode.
  localparam int LEAF_BITS = PRODUCT_BITS + 3;
  localparam int TOTAL_BITS = LEAF_BITS + $clog2(QUADS);

  // Latencies in cycles. A register stands behind each carry chain or, where
  // there is none, behind a few levels of LUTs (README.md has the figures), for
  // the clock of the HBM path, at which the unit is meant to run. In a slice
  // whose LUTs are used a register costs nothing.
  //
  // Largest exponent of a block, of four numbers a cycle; distance to it; shift.
  localparam int MAX_LATENCY = ($clog2(INT4_INPUTS) + 1) / 2;
  localparam int ALIGN_LATENCY = MAX_LATENCY + 2;
  // Sum of two exponents; the largest; distance to it.
  localparam int GROUP_MAX_LATENCY = ($clog2(FP16_INPUTS) + 1) / 2;
  localparam int DISTANCE_LATENCY = GROUP_MAX_LATENCY + 2;
  // Two for the product, two for the sum of four, waiting for the distance, two
  // for the shift; without the FP16 mode the last are left out.
  localparam int QUAD_INT4_LATENCY = 4;
  localparam int QUAD_LATENCY = DISTANCE_LATENCY + 2;
  // A level of the tree each.
  localparam int TREE_LATENCY = $clog2(QUADS);
  // Magnitude; leading zeros; shift; rounding.
  localparam int CONVERT_LATENCY = 4;
  // Leading zeros; shift.
  localparam int NORMAL_LATENCY = 2;
  // Product; choice of its bits; rounding.
  localparam int SCALE_LATENCY = 3;
  // Order; distance; shift; sum; leading zeros; shift; rounding. With the write
  // of the sum this is SUMS: a sum is back when its next term comes (N4).
  localparam int ADD_LATENCY = 7;
  // The running sum, then three levels.
  localparam int SUM8_LATENCY = 4 * ADD_LATENCY;
  localparam int DOT_LATENCY =
      QUAD_LATENCY + TREE_LATENCY + CONVERT_LATENCY + SCALE_LATENCY + SUM8_LATENCY;
endpackage
