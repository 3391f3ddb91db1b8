// N6: moves a block of activations to its largest exponent. Once a block, for
// all output channels. Latency: ALIGN_LATENCY.
//
// In the FP16 mode a group's activations come in the lowest lanes, as a packet
// holds them; the mantissa of activation j goes unshifted to all lanes of quad
// j, and its sign to the first of them.

module edgellm_align #(
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    localparam int LANES = edgellm_numerics::INT4_INPUTS,
    localparam int GROUP = edgellm_numerics::FP16_INPUTS,
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int EXPONENT = edgellm_numerics::EXPONENT_BITS,
    localparam int ALIGNED = edgellm_numerics::ALIGNED_BITS
) (
    input  logic                      clk,
    input  logic                      fp16,
    input  logic [LANES*HALF-1:0]     activations,
    output logic [LANES*ALIGNED-1:0]  magnitudes,
    output logic [LANES-1:0]          signs,
    output logic [EXPONENT-1:0]       largest,   // INT4: of the block
    output logic [GROUP*EXPONENT-1:0] exponents  // FP16: of each activation
);
  localparam int WAIT = edgellm_numerics::MAX_LATENCY;
  localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS;
  localparam int FRACTION = edgellm_numerics::FRACTION_BITS;
  localparam int QUAD = edgellm_numerics::QUAD;

  // The exponent of a subnormal is 1.
  function automatic logic [EXPONENT-1:0] exponent(input logic [HALF-1:0] half);
    exponent = half[FRACTION+:EXPONENT];
    exponent[0] = exponent[0] | exponent == 0;
  endfunction
  function automatic logic [MANTISSA-1:0] mantissa(input logic [HALF-1:0] half);
    mantissa = {half[FRACTION+:EXPONENT] != 0, half[FRACTION-1:0]};
  endfunction

  logic [LANES*EXPONENT-1:0] all_exponents;
  for (genvar i = 0; i < LANES; i++) begin : split
    assign all_exponents[i*EXPONENT+:EXPONENT] = exponent(activations[i*HALF+:HALF]);
  end

  logic [LANES*HALF-1:0] waiting;
  logic [EXPONENT-1:0] block_largest;
  logic delayed_fp16;
  edgellm_delay #(.WIDTH(LANES * HALF), .STAGES(WAIT)) wait_for_largest (
      .clk, .in(activations), .out(waiting));
  edgellm_delay #(.WIDTH(1), .STAGES(WAIT + 1)) wait_fp16 (.clk, .in(fp16), .out(delayed_fp16));
  edgellm_max_tree #(.COUNT(LANES), .WIDTH(EXPONENT)) max_tree (
      .clk, .in(all_exponents), .out(block_largest));
  edgellm_delay #(.WIDTH(EXPONENT), .STAGES(2)) largest_delay (
      .clk, .in(block_largest), .out(largest));
  wire is_fp16 = FP16 && (!INT4 || delayed_fp16);

  // A cycle for the distances, a cycle for the shifts.
  logic [LANES*HALF-1:0] held;
  logic [LANES*EXPONENT-1:0] distances;
  always_ff @(posedge clk) held <= waiting;
  for (genvar i = 0; i < LANES; i++) begin : lane
    localparam int FROM = i / QUAD;  // in the FP16 mode
    wire [ALIGNED-1:0] whole = {mantissa(held[i*HALF+:HALF]), {edgellm_numerics::GUARD_BITS{1'b0}}};
    always_ff @(posedge clk) begin
      distances[i*EXPONENT+:EXPONENT] <= block_largest - exponent(waiting[i*HALF+:HALF]);
      magnitudes[i*ALIGNED+:ALIGNED] <= is_fp16
          ? ALIGNED'(mantissa(held[FROM*HALF+:HALF]))
          : whole >> distances[i*EXPONENT+:EXPONENT];
      signs[i] <= is_fp16 ? held[FROM*HALF+HALF-1] : held[i*HALF+HALF-1];
    end
  end
  for (genvar j = 0; j < GROUP; j++) begin : member
    always_ff @(posedge clk)
      exponents[j*EXPONENT+:EXPONENT] <= exponent(held[j*HALF+:HALF]);
  end
endmodule
