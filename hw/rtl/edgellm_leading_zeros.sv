// How many zeros stand above the highest one; WIDTH if there is no one.

module edgellm_leading_zeros #(
    parameter int WIDTH = 25
) (
    input  logic [WIDTH-1:0]           in,
    output logic [$clog2(WIDTH+1)-1:0] count
);
  localparam int BITS = $clog2(WIDTH + 1);
  localparam int PADDED = 1 << BITS;

  // Windows of two, four, ... bits: whether there is a one, and the zeros above
  // it, those of the upper half if it has a one. Ones below stop the count.
  for (genvar l = 0; l <= BITS; l++) begin : level
    localparam int WINDOWS = PADDED >> l;
    logic [WINDOWS-1:0] any;
    logic [WINDOWS*BITS-1:0] zeros;
    if (l == 0) begin : entry
      assign any = {in, {PADDED - WIDTH{1'b1}}};
      assign zeros = '0;
    end else begin : later
      for (genvar i = 0; i < WINDOWS; i++) begin : window
        wire upper = level[l-1].any[2*i+1];
        assign any[i] = upper | level[l-1].any[2*i];
        assign zeros[i*BITS+:BITS] = upper ? level[l-1].zeros[(2*i+1)*BITS+:BITS]
            : level[l-1].zeros[2*i*BITS+:BITS] | BITS'(1 << (l - 1));
      end
    end
  end
  assign count = level[BITS].zeros;
endmodule
