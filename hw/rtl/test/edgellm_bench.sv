// What the testbench drives: an array of few channels, and units alone, on which
// it can put what no dot product would give them.

module edgellm_bench #(
    parameter int CHANNELS = 1,
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    parameter bit DSP = 0,
    localparam int LANES = edgellm_numerics::INT4_INPUTS,
    localparam int HALF = edgellm_numerics::HALF_BITS,
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS,
    localparam int WEIGHTS = LANES * edgellm_numerics::CODE_BITS
) (
    input  logic                        clk,
    // Array.
    input  logic                        rst,
    input  logic                        valid,
    input  logic                        last,
    input  logic                        fp16,
    input  logic [LANES*HALF-1:0]       activations,
    input  logic [CHANNELS*WEIGHTS-1:0] weights,
    input  logic [CHANNELS*HALF-1:0]    scales,
    output logic                        sums_valid,
    output logic [CHANNELS*FLOAT-1:0]   sums,
    // Adder.
    input  logic [FLOAT-1:0]            add_a,
    input  logic [FLOAT-1:0]            add_b,
    output logic [FLOAT-1:0]            add_sum,
    // Selectors of a group of 8, on numbers of 16 bits.
    input  logic [8*HALF-1:0]           group,
    input  logic [7:0]                  index,
    output logic [4*HALF-1:0]           selected4,
    output logic [2*HALF-1:0]           selected2,
    output logic [HALF-1:0]             selected1,
    // Which deliberate fault is in force, in the copies of the modules that
    // test_rtl.py makes; 0 for none.
    input  int                          mutant,
    // What the testbench needs to know of the pipeline.
    output int                          modes,
    output int                          weight_delay,
    output int                          latency,
    output int                          add_latency
);
  localparam int DOT_LATENCY = edgellm_numerics::DOT_LATENCY
      - (FP16 ? 0 : edgellm_numerics::QUAD_LATENCY - edgellm_numerics::QUAD_INT4_LATENCY);

  assign modes = {30'b0, FP16, INT4};
  assign weight_delay = edgellm_numerics::ALIGN_LATENCY;
  assign latency = edgellm_numerics::ALIGN_LATENCY + DOT_LATENCY;
  assign add_latency = edgellm_numerics::ADD_LATENCY;

  edgellm_array #(.CHANNELS(CHANNELS), .INT4(INT4), .FP16(FP16), .DSP(DSP)) array (
      .clk, .rst, .valid, .last, .fp16, .activations, .weights, .scales, .sums_valid, .sums);
  edgellm_add add (.clk, .a(add_a), .b(add_b), .sum(add_sum));
  edgellm_sparse_select #(.KEEP(4), .WIDTH(HALF)) select4 (
      .clk, .activations(group), .index, .selected(selected4));
  edgellm_sparse_select #(.KEEP(2), .WIDTH(HALF)) select2 (
      .clk, .activations(group), .index(index[5:0]), .selected(selected2));
  edgellm_sparse_select #(.KEEP(1), .WIDTH(HALF)) select1 (
      .clk, .activations(group), .index(index[2:0]), .selected(selected1));
endmodule
