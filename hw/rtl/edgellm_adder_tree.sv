// Adds up the leaves of all quads, a level a cycle. Latency: TREE_LATENCY.
//
// Sums are pairs of sign and two's complement as in edgellm_quad.

module edgellm_adder_tree #(
    localparam int QUADS = edgellm_numerics::QUADS,
    localparam int LEAF = edgellm_numerics::LEAF_BITS,
    localparam int TOTAL = edgellm_numerics::TOTAL_BITS
) (
    input  logic                  clk,
    input  logic [QUADS*LEAF-1:0] leaves,
    input  logic [QUADS-1:0]      negatives,
    output logic [TOTAL-1:0]      total,
    output logic                  negative
);
  localparam int LEVELS = edgellm_numerics::TREE_LATENCY;

  for (genvar l = 0; l <= LEVELS; l++) begin : level
    localparam int COUNT = QUADS >> l;
    localparam int WIDTH = LEAF + l;
    logic [COUNT*WIDTH-1:0] sums;
    logic [COUNT-1:0] signs;
    if (l == 0) begin : entry
      assign sums = leaves;
      assign signs = negatives;
    end else begin : later
      for (genvar i = 0; i < COUNT; i++) begin : node
        wire [WIDTH-2:0] a = level[l-1].sums[2*i*(WIDTH-1)+:WIDTH-1];
        wire [WIDTH-2:0] b = level[l-1].sums[(2*i+1)*(WIDTH-1)+:WIDTH-1];
        wire subtract = level[l-1].signs[2*i] ^ level[l-1].signs[2*i+1];
        wire [WIDTH-1:0] wide_a = {a[WIDTH-2], a};
        wire [WIDTH-1:0] wide_b = {b[WIDTH-2], b};
        always_ff @(posedge clk) begin
          sums[i*WIDTH+:WIDTH] <= wide_a + (wide_b ^ {WIDTH{subtract}}) + WIDTH'(subtract);
          signs[i] <= level[l-1].signs[2*i];
        end
      end
    end
  end
  assign total = level[LEVELS].sums;
  assign negative = level[LEVELS].signs;
endmodule
