// The term of a block: fl(fl(S) * scale) * 2^(E - 29) of N6, or S * 2^(E - 46)
// of N7, for which the scale is 1 and rounds nothing. Latency: SCALE_LATENCY.
//
// Every term that is not zero is a normal number far from both ends of binary32:
// its exponent field lies between 75 and 171 (N6), 83 and 165 (N7).

module edgellm_scale #(
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    localparam int SIGNIFICAND = edgellm_numerics::SIGNIFICAND_BITS,
    localparam int PLACE = $clog2(edgellm_numerics::TOTAL_BITS),
    localparam int EXPONENT = edgellm_numerics::SUM_EXPONENT_BITS,
    localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS,
    localparam int SCALE_EXPONENT = edgellm_numerics::NORMAL_EXPONENT_BITS,
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS
) (
    input  logic                      clk,
    input  logic                      fp16,
    input  logic [SIGNIFICAND-1:0]    significand,  // S, of edgellm_convert
    input  logic [PLACE-1:0]          place,
    input  logic                      sign,
    input  logic [EXPONENT-1:0]       largest,      // E
    input  logic [MANTISSA-1:0]       scale,        // of edgellm_normal_half
    input  logic [SCALE_EXPONENT-1:0] scale_exponent,
    input  logic                      scale_sign,
    output logic [FLOAT-1:0]          term
);
  localparam int PRODUCT = SIGNIFICAND + MANTISSA;
  localparam int FIELD = FLOAT - SIGNIFICAND;
  // Exponent field of a product with its leading bit in the second highest
  // place, less place, E and exponent of the scale.
  localparam int OFFSET = edgellm_numerics::FLOAT_BIAS - 2 * edgellm_numerics::HALF_OFFSET;
  localparam int INT4_OFFSET = OFFSET - edgellm_numerics::GUARD_BITS;
  localparam int FP16_OFFSET =
      OFFSET - edgellm_numerics::HALF_OFFSET + edgellm_numerics::PRODUCT_DROP;

  wire is_fp16 = FP16 && (!INT4 || fp16);
  wire [MANTISSA-1:0] one = 1 << (MANTISSA - 1);
  wire [MANTISSA-1:0] factor = INT4 ? scale : one;

  logic [PRODUCT-1:0] product;
  logic [FIELD-1:0] product_field, field;
  logic [SIGNIFICAND-1:0] fraction;  // with the leading bit
  logic product_sign, chosen_sign, nonzero, round, sticky;
  wire round_up = round & (sticky | fraction[0]);
  wire top = product[PRODUCT-1];
  always_ff @(posedge clk) begin
    product <= significand * factor;
    product_field <= FIELD'(is_fp16 ? FP16_OFFSET : INT4_OFFSET) + FIELD'(largest)
        + FIELD'(place) + FIELD'(scale_exponent);
    product_sign <= sign ^ scale_sign;

    {fraction, round} <= top ? product[PRODUCT-1-:SIGNIFICAND+1]
                             : product[PRODUCT-2-:SIGNIFICAND+1];
    sticky <= product[MANTISSA-3:0] != 0 || (top && product[MANTISSA-2]);
    field <= product_field + FIELD'(top);
    nonzero <= top | product[PRODUCT-2];
    chosen_sign <= product_sign;

    // A carry out of the fraction makes it zero and the exponent greater.
    term <= {chosen_sign, nonzero ? {field, fraction[SIGNIFICAND-2:0]} + (FLOAT-1)'(round_up) : '0};
  end
endmodule
