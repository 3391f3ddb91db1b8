// Activation magnitude times weight nibble. Latency: 2.
//
// A nibble with its highest bit set only occurs in the FP16 mode, where the
// magnitude has MANTISSA_BITS, so that PRODUCT_BITS hold every product. DSP
// asks for a hard multiplier; otherwise rows are added in two carry chains of
// LUTs.

module edgellm_multiplier #(
    parameter bit INT4 = 1,
    parameter bit FP16 = 1,
    parameter bit DSP = 0,
    localparam int ALIGNED = edgellm_numerics::ALIGNED_BITS,
    localparam int CODE = edgellm_numerics::CODE_BITS,
    localparam int MANTISSA = edgellm_numerics::MANTISSA_BITS,
    localparam int PRODUCT = edgellm_numerics::PRODUCT_BITS
) (
    input  logic               clk,
    input  logic [ALIGNED-1:0] magnitude,
    input  logic [CODE-1:0]    nibble,
    output logic [PRODUCT-1:0] product
);
  // What each mode can have.
  wire [ALIGNED-1:0] factor = INT4 ? magnitude : ALIGNED'(magnitude[MANTISSA-1:0]);
  wire [CODE-1:0] bits = {FP16 && nibble[CODE-1], nibble[CODE-2:0]};

  if (DSP) begin : hard
    logic [ALIGNED-1:0] held_factor;
    logic [CODE-1:0] held_bits;
    always_ff @(posedge clk) begin
      held_factor <= factor;
      held_bits <= bits;
      product <= PRODUCT'(held_factor * held_bits);
    end
  end else begin : rows
    // Row b is the factor if bit b is set.
    wire [ALIGNED-1:0] row0 = factor & {ALIGNED{bits[0]}};
    wire [ALIGNED-1:0] row1 = factor & {ALIGNED{bits[1]}};
    wire [ALIGNED-1:0] row2 = factor & {ALIGNED{bits[2]}};
    wire [MANTISSA-1:0] row3 = factor[MANTISSA-1:0] & {MANTISSA{bits[3]}};
    logic [ALIGNED+1:0] low;
    logic [ALIGNED:0] high;
    always_ff @(posedge clk) begin
      low <= {2'b0, row0} + {1'b0, row1, 1'b0};
      high <= {1'b0, row2} + (ALIGNED + 1)'({row3, 1'b0});
      product <= PRODUCT'(low) + {high, 2'b0};
    end
  end
endmodule
