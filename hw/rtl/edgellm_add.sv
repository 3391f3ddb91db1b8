// fl(a + b) of binary32, round to nearest even. Latency: ADD_LATENCY.
//
// Operands are zeros or normal numbers, results too (N3, and the range of the
// terms in edgellm_scale): there is nothing for subnormals, infinities and NaNs.
// A result of zero is +0; it would be -0 only for two operands of -0, and a
// running sum is never -0 (N4).

module edgellm_add #(
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS
) (
    input  logic             clk,
    input  logic [FLOAT-1:0] a,
    input  logic [FLOAT-1:0] b,
    output logic [FLOAT-1:0] sum
);
  localparam int SIGNIFICAND = edgellm_numerics::SIGNIFICAND_BITS;
  localparam int FRACTION = SIGNIFICAND - 1;
  localparam int FIELD = FLOAT - SIGNIFICAND;
  // Three bits below the significand decide every rounding; the lowest of them
  // is set when anything below it is.
  localparam int WIDTH = SIGNIFICAND + 3;
  localparam int ZEROS = $clog2(WIDTH + 2);

  // 1: the greater magnitude comes first.
  logic [FLOAT-1:0] major, minor;
  wire swap = a[FLOAT-2:0] < b[FLOAT-2:0];
  always_ff @(posedge clk) begin
    major <= swap ? b : a;
    minor <= swap ? a : b;
  end

  // 2: their distance.
  wire [FIELD-1:0] major_field = major[FLOAT-2-:FIELD], minor_field = minor[FLOAT-2-:FIELD];
  logic [SIGNIFICAND-1:0] major2, minor2;
  logic [FIELD-1:0] field2, distance2;
  logic sign2, subtract2;
  always_ff @(posedge clk) begin
    major2 <= {major_field != 0, major[FRACTION-1:0]};
    minor2 <= {minor_field != 0, minor[FRACTION-1:0]};
    field2 <= major_field;
    distance2 <= major_field - minor_field;
    sign2 <= major[FLOAT-1];
    subtract2 <= major[FLOAT-1] ^ minor[FLOAT-1];
  end

  // 3: the smaller one moves down. `lost` marks the bits that leave.
  wire [WIDTH-1:0] whole = {minor2, 3'b0};
  wire far = distance2[FIELD-1:5] != 0;
  wire [WIDTH-1:0] lost = whole & ~({WIDTH{1'b1}} << distance2[4:0]);
  wire [WIDTH-1:0] moved = far ? '0 : whole >> distance2[4:0];
  logic [WIDTH-1:0] major3, minor3;
  logic [FIELD-1:0] field3;
  logic sign3, subtract3;
  always_ff @(posedge clk) begin
    major3 <= {major2, 3'b0};
    minor3 <= {moved[WIDTH-1:1], moved[0] | (far ? whole != 0 : lost != 0)};
    field3 <= field2;
    sign3 <= sign2;
    subtract3 <= subtract2;
  end

  // 4: sum or difference, which is not negative.
  logic [WIDTH:0] sum4;
  logic [FIELD-1:0] field4;
  logic sign4;
  always_ff @(posedge clk) begin
    sum4 <= (WIDTH + 1)'(major3) + ((WIDTH + 1)'(minor3) ^ {WIDTH + 1{subtract3}})
        + (WIDTH + 1)'(subtract3);
    field4 <= field3;
    sign4 <= sign3;
  end

  // 5: its leading zeros.
  logic [ZEROS-1:0] zeros, zeros5;
  logic [WIDTH:0] sum5;
  logic [FIELD-1:0] field5;
  logic sign5;
  edgellm_leading_zeros #(.WIDTH(WIDTH + 1)) leading_zeros (.in(sum4), .count(zeros));
  always_ff @(posedge clk) begin
    sum5 <= sum4;
    zeros5 <= zeros;
    field5 <= field4 + 1'b1;
    sign5 <= sign4;
  end

  // 6: the leading bit moves to the top.
  logic [WIDTH:0] sum6;
  logic [FIELD-1:0] field6;
  logic sign6;
  always_ff @(posedge clk) begin
    sum6 <= sum5 << zeros5;
    field6 <= field5 - FIELD'(zeros5);
    sign6 <= sign5;
  end

  // 7: rounding. A carry out of the fraction makes it zero and the exponent
  // greater.
  wire round_up = sum6[3] & (sum6[2:0] != 0 | sum6[4]);
  always_ff @(posedge clk)
    sum <= sum6[WIDTH]
        ? {sign6, {field6, sum6[WIDTH-1-:FRACTION]} + (FLOAT - 1)'(round_up)} : '0;
endmodule
