// N18: the activations that the kept weights of a group of 8 belong to.
// Latency: 1.
//
// KEEP = 4: `index` has a bit an input, and activation k is that of the k-th
// lowest set bit, zero if there is none. KEEP = 2 or 1: an address of three bits
// a weight. Of the padded form of 1of8 the highest bit is not connected.

module edgellm_sparse_select #(
    parameter int KEEP = 4,
    parameter int WIDTH = edgellm_numerics::ALIGNED_BITS + 1,  // magnitude and sign
    localparam int GROUP = edgellm_numerics::KEEP_GROUP,
    localparam int ADDRESS = $clog2(GROUP),
    localparam int INDEX = KEEP == 4 ? GROUP : KEEP * ADDRESS
) (
    input  logic                   clk,
    input  logic [GROUP*WIDTH-1:0] activations,
    input  logic [INDEX-1:0]       index,
    output logic [KEEP*WIDTH-1:0]  selected
);
  logic [KEEP*ADDRESS-1:0] addresses;
  logic [KEEP-1:0] present;

  if (KEEP == 4) begin : mask
    // The lowest set bit, which is then cleared, KEEP times.
    always_comb begin
      logic [INDEX-1:0] left;
      left = index;
      for (int k = 0; k < KEEP; k++) begin
        present[k] = left != 0;
        addresses[k*ADDRESS+:ADDRESS] = '0;
        for (int i = GROUP - 1; i >= 0; i--)
          if (left[i]) addresses[k*ADDRESS+:ADDRESS] = ADDRESS'(i);
        left = left & (left - 1'b1);
      end
    end
  end else begin : address
    assign addresses = index;
    assign present = '1;
  end

  for (genvar k = 0; k < KEEP; k++) begin : weight
    wire [ADDRESS-1:0] from = addresses[k*ADDRESS+:ADDRESS];
    always_ff @(posedge clk)
      selected[k*WIDTH+:WIDTH] <= present[k] ? activations[from*WIDTH+:WIDTH] : '0;
  end
endmodule
