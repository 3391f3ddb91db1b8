// The processing element: the dot products of one output channel, a block of
// the INT4 mode or a group of the FP16 mode in each cycle. Latency: DOT_LATENCY
// from the last block of a row to its sum.
//
//   1  edgellm_quad       mantissas multiply; edgellm_distances compares the
//                         exponents of the FP16 mode
//   2  edgellm_adder_tree integers add up, aligned: edgellm_align did so for
//                         activations, the quads for FP16 products
//   3  edgellm_convert, edgellm_scale   back to binary32, times the scale
//   4  edgellm_sum8       accumulation over the blocks of a row
//
// Without INT4 or FP16 the hardware of this mode alone is left out, and `fp16`
// is not looked at.

module edgellm_dot #(
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    parameter bit DSP = 0,
    localparam int LANES = edgellm_numerics::INT4_INPUTS,
    localparam int GROUP = edgellm_numerics::FP16_INPUTS,
    localparam int ALIGNED = edgellm_numerics::ALIGNED_BITS,
    localparam int EXPONENT = edgellm_numerics::EXPONENT_BITS,
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic                      valid,
    input  logic                      last,        // block of a row
    input  logic                      fp16,        // mode
    input  logic [LANES*ALIGNED-1:0]  magnitudes,  // of edgellm_align,
    input  logic [LANES-1:0]          signs,       // as are these
    input  logic [EXPONENT-1:0]       largest,
    input  logic [GROUP*EXPONENT-1:0] exponents,
    input  logic [GROUP*HALF-1:0]     weights,     // 128 codes or 32 FP16 values
    input  logic [HALF-1:0]           scale,       // INT4
    output logic                      sum_valid,
    output logic [FLOAT-1:0]          sum
);
  localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS;
  localparam int QUAD = edgellm_numerics::QUAD;
  localparam int CODE = edgellm_numerics::CODE_BITS;
  localparam int LEAF = edgellm_numerics::LEAF_BITS;
  localparam int TOTAL = edgellm_numerics::TOTAL_BITS;
  localparam int SUM_EXPONENT = edgellm_numerics::SUM_EXPONENT_BITS;
  localparam int SIGNIFICAND = edgellm_numerics::SIGNIFICAND_BITS;
  localparam int PLACE = $clog2(TOTAL);
  // From the inputs to edgellm_scale, and to its term.
  localparam int SUM_TIME = edgellm_numerics::TREE_LATENCY + edgellm_numerics::CONVERT_LATENCY
      + (FP16 ? edgellm_numerics::QUAD_LATENCY : edgellm_numerics::QUAD_INT4_LATENCY);
  localparam int TERM_TIME = SUM_TIME + edgellm_numerics::SCALE_LATENCY;

  wire is_fp16 = FP16 && (!INT4 || fp16);

  // The largest exponent of the block or group.
  logic [GROUP*EXPONENT-1:0] distances;
  logic [SUM_EXPONENT-1:0] term_largest;
  logic term_fp16;
  if (FP16) begin : group
    localparam int TIME = edgellm_numerics::DISTANCE_LATENCY;
    logic [GROUP*MANTISSA-1:0] mantissas;
    for (genvar j = 0; j < GROUP; j++) begin : member
      assign mantissas[j*MANTISSA+:MANTISSA] = magnitudes[j*QUAD*ALIGNED+:MANTISSA];
    end
    logic [SUM_EXPONENT-1:0] group_largest;
    edgellm_distances distance_unit (
        .clk, .exponents, .mantissas, .weights, .largest(group_largest), .distances);
    logic [EXPONENT-1:0] block_largest;
    logic group_fp16;
    edgellm_delay #(.WIDTH(EXPONENT + 1), .STAGES(TIME)) block_delay (
        .clk, .in({is_fp16, largest}), .out({group_fp16, block_largest}));
    edgellm_delay #(.WIDTH(SUM_EXPONENT + 1), .STAGES(SUM_TIME - TIME)) group_delay (
        .clk,
        .in({group_fp16, group_fp16 ? group_largest : SUM_EXPONENT'(block_largest)}),
        .out({term_fp16, term_largest}));
  end else begin : no_group
    logic [EXPONENT-1:0] block_largest;
    assign distances = '0;
    edgellm_delay #(.WIDTH(EXPONENT), .STAGES(SUM_TIME)) block_delay (
        .clk, .in(largest), .out(block_largest));
    assign term_fp16 = 1'b0;
    assign term_largest = SUM_EXPONENT'(block_largest);
  end

  logic [GROUP*LEAF-1:0] leaves;
  logic [GROUP-1:0] negatives;
  for (genvar j = 0; j < GROUP; j++) begin : quads
    edgellm_quad #(.INT4(INT4), .FP16(FP16), .DSP(DSP)) quad (
        .clk, .fp16,
        .magnitudes(magnitudes[j*QUAD*ALIGNED+:QUAD*ALIGNED]),
        .signs(signs[j*QUAD+:QUAD]),
        .weights(weights[j*QUAD*CODE+:QUAD*CODE]),
        .distance(distances[j*EXPONENT+:EXPONENT]),
        .leaf(leaves[j*LEAF+:LEAF]),
        .negative(negatives[j]));
  end

  logic [TOTAL-1:0] total;
  logic total_negative, sign;
  logic [SIGNIFICAND-1:0] significand;
  logic [PLACE-1:0] place;
  edgellm_adder_tree tree (.clk, .leaves, .negatives, .total, .negative(total_negative));
  edgellm_convert convert (
      .clk, .total, .negative(total_negative), .significand, .place, .sign);

  // The scale; 1 in the FP16 mode.
  localparam int SCALE_EXPONENT = edgellm_numerics::NORMAL_EXPONENT_BITS;
  localparam logic [HALF-1:0] ONE =
      HALF'(edgellm_numerics::HALF_ONE << edgellm_numerics::FRACTION_BITS);
  logic [HALF-1:0] held_scale;
  logic [MANTISSA-1:0] scale_mantissa;
  logic [SCALE_EXPONENT-1:0] scale_exponent;
  logic scale_sign;
  edgellm_delay #(.WIDTH(HALF), .STAGES(SUM_TIME - edgellm_numerics::NORMAL_LATENCY)) scale_delay (
      .clk, .in(is_fp16 ? ONE : scale), .out(held_scale));
  edgellm_normal_half normal_scale (
      .clk, .half(held_scale), .mantissa(scale_mantissa), .exponent(scale_exponent),
      .sign(scale_sign));

  logic term_valid, term_last;
  logic [FLOAT-1:0] term;
  edgellm_scale #(.INT4(INT4), .FP16(FP16)) multiply (
      .clk, .fp16(term_fp16), .significand, .place, .sign, .largest(term_largest),
      .scale(scale_mantissa), .scale_exponent, .scale_sign, .term);
  edgellm_flag_delay #(.STAGES(TERM_TIME)) valid_delay (.clk, .rst, .in(valid), .out(term_valid));
  edgellm_delay #(.WIDTH(1), .STAGES(TERM_TIME)) last_delay (.clk, .in(last), .out(term_last));
  edgellm_sum8 accumulator (
      .clk, .rst, .valid(term_valid), .last(term_last), .term, .sum_valid, .sum);
endmodule
