// The largest of COUNT unsigned numbers, two levels of comparisons a cycle.
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

  function automatic logic [WIDTH-1:0] larger(input logic [WIDTH-1:0] a, input logic [WIDTH-1:0] b);
    larger = a > b ? a : b;
  endfunction

  for (genvar s = 0; s <= STAGES; s++) begin : stage
    // Numbers that are left, rounded up to a power of four.
    localparam int LEFT = 4 ** (STAGES - s);
    logic [LEFT*WIDTH-1:0] value;
    if (s == 0) begin : entry
      assign value = (LEFT * WIDTH)'(in);
    end else begin : later
      for (genvar i = 0; i < LEFT; i++) begin : node
        wire [4*WIDTH-1:0] four = stage[s-1].value[4*i*WIDTH+:4*WIDTH];
        always_ff @(posedge clk)
          value[i*WIDTH+:WIDTH] <= larger(
              larger(four[0+:WIDTH], four[WIDTH+:WIDTH]),
              larger(four[2*WIDTH+:WIDTH], four[3*WIDTH+:WIDTH]));
      end
    end
  end
  assign out = stage[STAGES].value;
endmodule
