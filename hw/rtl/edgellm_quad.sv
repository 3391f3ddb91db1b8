// Four multipliers: four products of the INT4 mode added up, or one product of
// the FP16 mode moved to its group's largest exponent. Latency: QUAD_LATENCY,
// or QUAD_INT4_LATENCY without the FP16 mode.
//
// Sums are sign and two's complement: the leaf stands for (-1)^negative * leaf.
// a and b with signs then add up to (-1)^sign(a) * (a +- b), which is one LUT a
// bit; negating products first would take one more.

module edgellm_quad #(
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    parameter bit DSP = 0,
    localparam int QUAD = edgellm_numerics::QUAD,
    localparam int ALIGNED = edgellm_numerics::ALIGNED_BITS,
    localparam int CODE = edgellm_numerics::CODE_BITS,
    localparam int LEAF = edgellm_numerics::LEAF_BITS,
    localparam int DISTANCE = edgellm_numerics::EXPONENT_BITS
) (
    input  logic                    clk,
    input  logic                    fp16,
    input  logic [QUAD*ALIGNED-1:0] magnitudes,
    input  logic [QUAD-1:0]         signs,
    input  logic [QUAD*CODE-1:0]    weights,   // four codes, or one FP16 value
    input  logic [DISTANCE-1:0]     distance,  // DISTANCE_LATENCY after the others
    output logic [LEAF-1:0]         leaf,
    output logic                    negative
);
  localparam int PRODUCT = edgellm_numerics::PRODUCT_BITS;
  localparam int FRACTION = edgellm_numerics::FRACTION_BITS;
  localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS;
  localparam int FULL = edgellm_numerics::FULL_BITS;
  localparam int KEPT = edgellm_numerics::KEPT_BITS;
  localparam int PAIR = LEAF;      // two products; FP16: 20 bits
  localparam int SUM = FULL + 1;   // four products; FP16: FULL bits

  wire is_fp16 = FP16 && (!INT4 || fp16);
  // Whether an FP16 weight is not a subnormal, whose mantissa has no leading 1.
  wire hidden = weights[FRACTION+:edgellm_numerics::EXPONENT_BITS] != 0;

  // Exact, before it is shifted.
  logic [SUM-1:0] sum;
  logic sum_fp16, sum_negative;

  if (DSP && !INT4) begin : whole
    // A hard multiplier takes both mantissas at once.
    wire [MANTISSA-1:0] a = magnitudes[MANTISSA-1:0];
    wire [MANTISSA-1:0] b = {hidden, weights[FRACTION-1:0]};
    logic [MANTISSA-1:0] held_a, held_b;
    logic [FULL-1:0] product;
    always_ff @(posedge clk) begin
      held_a <= a;
      held_b <= b;
      product <= held_a * held_b;
    end
    assign sum_fp16 = 1'b1;
    assign sum[SUM-1] = 1'b0;
    edgellm_delay #(.WIDTH(FULL), .STAGES(edgellm_numerics::QUAD_INT4_LATENCY - 2)) as_long (
        .clk, .in(product), .out(sum[FULL-1:0]));
    edgellm_delay #(.WIDTH(1), .STAGES(edgellm_numerics::QUAD_INT4_LATENCY)) sign_delay (
        .clk, .in(signs[0] ^ weights[QUAD*CODE-1]), .out(sum_negative));
  end else begin : parts
    // The nibbles of an FP16 weight's mantissa lie where the codes of the other
    // mode do; above the fraction the third has the hidden bit, the last nothing.
    // All lanes have the sign of an FP16 product, so that nothing is subtracted.
    wire [QUAD*CODE-1:0] nibbles = {
        1'b0, is_fp16 ? 3'b0 : weights[14:12],
        1'b0, is_fp16 ? hidden : weights[10], weights[9:8],
        is_fp16 & weights[7], weights[6:4],
        is_fp16 & weights[3], weights[2:0]};
    logic [QUAD-1:0] negatives;
    logic [QUAD*PRODUCT-1:0] products;
    for (genvar i = 0; i < QUAD; i++) begin : lane
      assign negatives[i] = is_fp16 ? signs[0] ^ weights[QUAD*CODE-1]
                                    : signs[i] ^ weights[i*CODE+CODE-1];
      if (INT4 || i < QUAD - 1) begin : busy
        edgellm_multiplier #(.INT4(INT4), .FP16(FP16), .DSP(DSP)) multiplier (
            .clk, .magnitude(magnitudes[i*ALIGNED+:ALIGNED]), .nibble(nibbles[i*CODE+:CODE]),
            .product(products[i*PRODUCT+:PRODUCT]));
      end else begin : idle
        assign products[i*PRODUCT+:PRODUCT] = '0;
      end
    end
    logic product_fp16;
    logic [QUAD-1:0] product_negatives;
    edgellm_delay #(.WIDTH(QUAD + 1), .STAGES(2)) beside_products (
        .clk, .in({is_fp16, negatives}), .out({product_fp16, product_negatives}));

    // Pairs, then all four; in the FP16 mode p0 + p1 * 2^4 + p2 * 2^8.
    wire [PRODUCT-1:0] p0 = products[0+:PRODUCT], p1 = products[PRODUCT+:PRODUCT];
    wire [PRODUCT-1:0] p2 = products[2*PRODUCT+:PRODUCT], p3 = products[3*PRODUCT+:PRODUCT];
    wire subtract1 = product_negatives[0] ^ product_negatives[1];
    wire subtract3 = product_negatives[2] ^ product_negatives[3];
    logic [PAIR-1:0] low_pair, high_pair;
    logic pair_fp16, low_negative, high_negative;
    always_ff @(posedge clk) begin
      low_pair <= PAIR'(p0) + (PAIR'(product_fp16 ? {p1, 4'b0} : {4'b0, p1}) ^ {PAIR{subtract1}})
          + PAIR'(subtract1);
      high_pair <= PAIR'(p2) + (PAIR'(p3) ^ {PAIR{subtract3}}) + PAIR'(subtract3);
      pair_fp16 <= product_fp16;
      low_negative <= product_negatives[0];
      high_negative <= product_negatives[2];
    end

    wire [SUM-1:0] low = {{SUM - PAIR{low_pair[PAIR-1]}}, low_pair};
    wire [SUM-1:0] high = pair_fp16 ? {high_pair[SUM-9:0], 8'b0}
                                    : {{SUM - PAIR{high_pair[PAIR-1]}}, high_pair};
    wire subtract_high = low_negative ^ high_negative;
    always_ff @(posedge clk) begin
      sum <= low + (high ^ {SUM{subtract_high}}) + SUM'(subtract_high);
      sum_fp16 <= pair_fp16;
      sum_negative <= low_negative;
    end
  end

  if (FP16) begin : shift
    logic [SUM-1:0] full;
    logic full_fp16, full_negative;
    edgellm_delay #(
        .WIDTH(SUM + 2),
        .STAGES(edgellm_numerics::DISTANCE_LATENCY - edgellm_numerics::QUAD_INT4_LATENCY)
    ) wait_for_distance (
        .clk, .in({sum_fp16, sum_negative, sum}), .out({full_fp16, full_negative, full}));

    // By a multiple of four, then by the rest.
    wire [KEPT-1:0] kept = full[FULL-1-:KEPT];
    logic [LEAF-1:0] coarse;
    logic [1:0] rest;
    logic coarse_negative;
    always_ff @(posedge clk) begin
      coarse <= full_fp16 ? LEAF'(kept) >> {distance[DISTANCE-1:2], 2'b0} : full[LEAF-1:0];
      rest <= full_fp16 ? distance[1:0] : 2'b0;
      coarse_negative <= full_negative;
      leaf <= coarse >> rest;  // INT4: by nothing
      negative <= coarse_negative;
    end
  end else begin : no_shift
    assign leaf = sum[LEAF-1:0];
    assign negative = sum_negative;
  end
endmodule
