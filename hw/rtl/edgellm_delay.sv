// Holds a value back for STAGES cycles. Without a reset, so that a synthesizer
// can make shift registers of LUTs.

module edgellm_delay #(
    parameter int WIDTH = 1,
    parameter int STAGES = 1
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
  for (genvar i = 0; i <= STAGES; i++) begin : stage
    logic [WIDTH-1:0] value;
    if (i == 0) begin : entry
      assign value = in;
    end else begin : later
      always_ff @(posedge clk) value <= stage[i-1].value;
    end
  end
  assign out = stage[STAGES].value;
endmodule
