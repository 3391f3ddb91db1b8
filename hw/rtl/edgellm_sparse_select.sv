// N18: the activations that the kept weights of a group of 8 belong to.
// Latency: 2 from the index, 1 from the activations.
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
    input  logic [INDEX-1:0]       index,  // a cycle before the activations
    output logic [KEEP*WIDTH-1:0]  selected
);
  logic [KEEP*ADDRESS-1:0] addresses;
  logic [KEEP-1:0] present;

  if (KEEP == 4) begin : mask
    // Input i is the k-th if its bit is set and k of those below are: bit k of
    // `seen`. More than KEEP shift out of it.
    logic [GROUP*KEEP-1:0] is_kth;
    for (genvar i = 0; i < GROUP; i++) begin : member
      logic [KEEP-1:0] seen;
      if (i == 0) begin : lowest
        assign seen = KEEP'(1);
      end else begin : other
        assign seen = index[i-1] ? member[i-1].seen << 1 : member[i-1].seen;
      end
      for (genvar k = 0; k < KEEP; k++) begin : place
        assign is_kth[k*GROUP+i] = index[i] && seen[k];
      end
    end
    always_ff @(posedge clk) begin
      addresses <= '0;
      for (int k = 0; k < KEEP; k++) begin
        present[k] <= is_kth[k*GROUP+:GROUP] != 0;
        for (int i = 0; i < GROUP; i++)
          if (is_kth[k*GROUP+i]) addresses[k*ADDRESS+:ADDRESS] <= ADDRESS'(i);
      end
    end
  end else begin : address
    always_ff @(posedge clk) addresses <= index;
    assign present = '1;
  end

  for (genvar k = 0; k < KEEP; k++) begin : weight
    wire [ADDRESS-1:0] from = addresses[k*ADDRESS+:ADDRESS];
    always_ff @(posedge clk)
      selected[k*WIDTH+:WIDTH] <= present[k] ? activations[from*WIDTH+:WIDTH] : '0;
  end
endmodule
