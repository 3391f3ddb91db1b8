// The largest of COUNT unsigned numbers, the largest of four in each cycle.
// Latency: ceil(log2(COUNT) / 2).

module edgellm_max_tree #(
    parameter int COUNT = 32,
    parameter int WIDTH = 6
) (
    input  logic                   clk,
    input  logic [COUNT*WIDTH-1:0] in,
    output logic [WIDTH-1:0]       out
);
  localparam int STAGES = ($clog2(COUNT) + 1) / 2;

  for (genvar s = 0; s <= STAGES; s++) begin : stage
    // Numbers that are left, rounded up to a power of four.
    localparam int LEFT = 4 ** (STAGES - s);
    logic [LEFT*WIDTH-1:0] value;
    if (s == 0) begin : entry
      assign value = (LEFT * WIDTH)'(in);
    end else begin : later
      for (genvar i = 0; i < LEFT; i++) begin : node
        // All pairs at once, which is as deep as one pair.
        wire [WIDTH-1:0] a = stage[s-1].value[4*i*WIDTH+:WIDTH];
        wire [WIDTH-1:0] b = stage[s-1].value[(4*i+1)*WIDTH+:WIDTH];
        wire [WIDTH-1:0] c = stage[s-1].value[(4*i+2)*WIDTH+:WIDTH];
        wire [WIDTH-1:0] d = stage[s-1].value[(4*i+3)*WIDTH+:WIDTH];
        wire ab = a >= b, cd = c >= d;
        wire lower = ab ? a >= c && a >= d : b >= c && b >= d;
        always_ff @(posedge clk)
          value[i*WIDTH+:WIDTH] <= lower ? (ab ? a : b) : (cd ? c : d);
      end
    end
  end
  assign out = stage[STAGES].value;
endmodule
