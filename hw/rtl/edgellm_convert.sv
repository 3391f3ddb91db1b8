// fl(S): an exact sum as a binary32 significand and the place of its leading
// bit. Latency: CONVERT_LATENCY.
//
// |S| has at most SIGNIFICAND_BITS + 1 bits: 128 * 32752 * 7 < 2^25 - 1 (N6), 24
// bits in N7. So one bit is cut off at most, rounding is always a tie, and it
// cannot carry into another place.

module edgellm_convert #(
    localparam int TOTAL = edgellm_numerics::TOTAL_BITS,
    localparam int SIGNIFICAND = edgellm_numerics::SIGNIFICAND_BITS,
    localparam int PLACE = $clog2(TOTAL)
) (
    input  logic                   clk,
    input  logic [TOTAL-1:0]       total,        // two's complement, to be
    input  logic                   negative,     // negated if set
    output logic [SIGNIFICAND-1:0] significand,  // highest bit set unless zero
    output logic [PLACE-1:0]       place,        // S = significand * 2^(place-23)
    output logic                   sign
);
  localparam int WIDTH = TOTAL - 1;

  logic [WIDTH-1:0] magnitude, counted, shifted;
  logic [PLACE-1:0] zeros, counted_zeros, shifted_place;
  logic [2:0] signs;
  edgellm_leading_zeros #(.WIDTH(WIDTH)) leading_zeros (.in(magnitude), .count(zeros));

  wire round_up = shifted[0] & shifted[1];
  always_ff @(posedge clk) begin
    magnitude <= (total[WIDTH-1:0] ^ {WIDTH{total[TOTAL-1]}}) + WIDTH'(total[TOTAL-1]);
    counted <= magnitude;
    counted_zeros <= zeros;
    shifted <= counted << counted_zeros;
    shifted_place <= PLACE'(WIDTH - 1) - counted_zeros;
    significand <= shifted[WIDTH-1:1] + SIGNIFICAND'(round_up);
    place <= shifted_place;
    {sign, signs} <= {signs, total[TOTAL-1] ^ negative};
  end
endmodule
