// Several output channels on one block of activations. A row's sums come
// ALIGN_LATENCY + DOT_LATENCY after its last block.
//
// Weights and scales are taken ALIGN_LATENCY later than the activations they
// belong to, so that no register holds them while the activations are aligned:
// the weight buffer is read that much later.

module edgellm_array #(
    parameter int CHANNELS = edgellm_numerics::OUTPUTS,
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    parameter bit DSP = 0,
    localparam int LANES = edgellm_numerics::INT4_INPUTS,
    localparam int GROUP = edgellm_numerics::FP16_INPUTS,
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS,
    localparam int WEIGHTS = GROUP * HALF
) (
    input  logic                        clk,
    input  logic                        rst,
    input  logic                        valid,
    input  logic                        last,         // block of a row
    input  logic                        fp16,         // mode
    input  logic [LANES*HALF-1:0]       activations,  // FP16: the lowest 32
    input  logic [CHANNELS*WEIGHTS-1:0] weights,
    input  logic [CHANNELS*HALF-1:0]    scales,
    output logic                        sums_valid,
    output logic [CHANNELS*FLOAT-1:0]   sums
);
  localparam int EXPONENT = edgellm_numerics::EXPONENT_BITS;
  localparam int ALIGNED = edgellm_numerics::ALIGNED_BITS;
  localparam int LATENCY = edgellm_numerics::ALIGN_LATENCY;

  logic [LANES*ALIGNED-1:0] magnitudes;
  logic [LANES-1:0] signs;
  logic [EXPONENT-1:0] largest;
  logic [GROUP*EXPONENT-1:0] exponents;
  edgellm_align #(.INT4(INT4), .FP16(FP16)) align (
      .clk, .fp16, .activations, .magnitudes, .signs, .largest, .exponents);

  logic aligned_valid, aligned_last, aligned_fp16;
  edgellm_flag_delay #(.STAGES(LATENCY)) valid_delay (
      .clk, .rst, .in(valid), .out(aligned_valid));
  edgellm_delay #(.WIDTH(2), .STAGES(LATENCY)) beside (
      .clk, .in({last, fp16}), .out({aligned_last, aligned_fp16}));

  logic [CHANNELS-1:0] valids;
  assign sums_valid = valids[0];
  for (genvar c = 0; c < CHANNELS; c++) begin : channel
    edgellm_dot #(.INT4(INT4), .FP16(FP16), .DSP(DSP)) dot (
        .clk, .rst, .valid(aligned_valid), .last(aligned_last), .fp16(aligned_fp16),
        .magnitudes, .signs, .largest, .exponents,
        .weights(weights[c*WEIGHTS+:WEIGHTS]), .scale(scales[c*HALF+:HALF]),
        .sum_valid(valids[c]), .sum(sums[c*FLOAT+:FLOAT]));
  end
endmodule
