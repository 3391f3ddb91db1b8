// N7: how far each product of a group lies below the largest. Latency:
// DISTANCE_LATENCY, for `largest` as well.
//
// Distances saturate at 31: from KEPT_BITS on nothing is left of a product. That
// of a product which is zero means nothing, and so does `largest` of a group
// without any other.

module edgellm_distances #(
    localparam int GROUP = edgellm_numerics::FP16_INPUTS,
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int EXPONENT = edgellm_numerics::EXPONENT_BITS,
    localparam int SUM = edgellm_numerics::SUM_EXPONENT_BITS,
    localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS
) (
    input  logic                      clk,
    input  logic [GROUP*EXPONENT-1:0] exponents,   // max(field, 1) of the activations
    input  logic [GROUP*MANTISSA-1:0] mantissas,   // of the activations
    input  logic [GROUP*HALF-1:0]     weights,
    output logic [SUM-1:0]            largest,
    output logic [GROUP*EXPONENT-1:0] distances
);
  localparam int WAIT = edgellm_numerics::GROUP_MAX_LATENCY;

  logic [GROUP*SUM-1:0] sums, counted, waiting;
  for (genvar j = 0; j < GROUP; j++) begin : pair
    wire [EXPONENT-1:0] field = weights[j*HALF+edgellm_numerics::FRACTION_BITS+:EXPONENT];
    wire nonzero = mantissas[j*MANTISSA+:MANTISSA] != 0 && weights[j*HALF+:HALF-1] != 0;
    wire [SUM-1:0] sum = exponents[j*EXPONENT+:EXPONENT] + SUM'(field) + SUM'(field == 0);
    always_ff @(posedge clk) begin
      sums[j*SUM+:SUM] <= sum;
      counted[j*SUM+:SUM] <= nonzero ? sum : '0;
    end
  end

  logic [SUM-1:0] group_largest;
  edgellm_max_tree #(.COUNT(GROUP), .WIDTH(SUM)) max_tree (
      .clk, .in(counted), .out(group_largest));
  edgellm_delay #(.WIDTH(GROUP * SUM), .STAGES(WAIT)) wait_for_largest (
      .clk, .in(sums), .out(waiting));

  always_ff @(posedge clk) largest <= group_largest;
  for (genvar j = 0; j < GROUP; j++) begin : distance
    wire [SUM-1:0] difference = group_largest - waiting[j*SUM+:SUM];
    always_ff @(posedge clk)
      distances[j*EXPONENT+:EXPONENT] <= difference[EXPONENT-1:0] | {EXPONENT{difference[SUM-1]}};
  end
endmodule
