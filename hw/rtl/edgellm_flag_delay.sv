// Holds a flag back for STAGES cycles; a reset clears it on its way.
module edgellm_flag_delay #(
    parameter int STAGES = 1
) (
    input  logic clk,
    input  logic rst,
    input  logic in,
    output logic out
);
  logic [STAGES-1:0] flags;
  always_ff @(posedge clk) flags <= rst ? '0 : STAGES'({flags, in});
  assign out = flags[STAGES-1];
endmodule
