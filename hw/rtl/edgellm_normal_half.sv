// An FP16 value with its highest bit in front, subnormals too. Latency:
// NORMAL_LATENCY.

module edgellm_normal_half #(
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS,
    localparam int EXPONENT = edgellm_numerics::NORMAL_EXPONENT_BITS
) (
    input  logic                clk,
    input  logic [HALF-1:0]     half,
    output logic [MANTISSA-1:0] mantissa,  // highest bit set unless zero
    output logic [EXPONENT-1:0] exponent,  // value = mantissa * 2^(exponent-35)
    output logic                sign
);
  localparam int FRACTION = edgellm_numerics::FRACTION_BITS;

  wire [edgellm_numerics::EXPONENT_BITS-1:0] field = half[HALF-2:FRACTION];
  wire [MANTISSA-1:0] whole = {field != 0, half[FRACTION-1:0]};
  logic [$clog2(MANTISSA+1)-1:0] zeros, held_zeros;
  edgellm_leading_zeros #(.WIDTH(MANTISSA)) leading_zeros (.in(whole), .count(zeros));

  logic [MANTISSA-1:0] held;
  logic [EXPONENT-1:0] held_exponent;
  logic held_sign;
  always_ff @(posedge clk) begin
    held <= whole;
    held_zeros <= zeros;
    held_exponent <= EXPONENT'(field) + EXPONENT'(field == 0) + EXPONENT'(FRACTION);
    held_sign <= half[HALF-1];
    mantissa <= held << held_zeros;
    exponent <= held_exponent - EXPONENT'(held_zeros);
    sign <= held_sign;
  end
endmodule
