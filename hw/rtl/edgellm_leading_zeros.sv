// How many zeros stand above the highest one; WIDTH if there is no one.

module edgellm_leading_zeros #(
    parameter int WIDTH = 25
) (
    input  logic [WIDTH-1:0]         in,
    output logic [$clog2(WIDTH+1)-1:0] count
);
  localparam int BITS = $clog2(WIDTH + 1);
  localparam int PADDED = 1 << BITS;

  // Halves the window around the highest one; ones below stop the count.
  always_comb begin
    logic [PADDED-1:0] window;
    window = {in, {PADDED - WIDTH{1'b1}}};
    for (int b = BITS - 1; b >= 0; b--) begin
      count[b] = (window >> (PADDED - (1 << b))) == 0;
      if (count[b]) window = window << (1 << b);
    end
  end
endmodule
