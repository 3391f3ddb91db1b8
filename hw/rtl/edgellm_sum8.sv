// N4: sum8 of the terms of a row. Takes a term in each cycle, whatever the
// length of the rows; gaps between terms are allowed. Latency: SUM8_LATENCY
// from the last term of a row.
//
// An adder has eight sums in turn. The last eight sums that it gives for a row
// are s0 .. s7 in a rotated order, the last one with its partner of the first
// level four before it. So each level of the final tree adds to a sum the one
// that came four, two and one before it, in every cycle; for sums that no
// result needs as well. A partner from before the row does not exist and counts
// as +0. Three more adders are the price for rows of any length without a
// pause, down to scores over four groups and to a single term.

module edgellm_sum8 #(
    localparam int FLOAT = edgellm_numerics::FLOAT_BITS
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             valid,
    input  logic             last,   // of its row
    input  logic [FLOAT-1:0] term,
    output logic             sum_valid,
    output logic [FLOAT-1:0] sum
);
  localparam int SUMS = edgellm_numerics::SUMS;
  localparam int LATENCY = edgellm_numerics::ADD_LATENCY;
  localparam int INDEX = $clog2(SUMS);

  // Place of the term in its row: index modulo 8, and whether it is one of the
  // first eight, which find +0.
  logic [INDEX-1:0] index;
  logic early;
  always_ff @(posedge clk)
    if (rst) {early, index} <= {1'b1, INDEX'(0)};
    else if (valid) begin
      index <= last ? '0 : index + 1'b1;
      early <= last || (early && index != INDEX'(SUMS - 1));
    end

  // Which partners exist: bit l for the one 2^l before.
  wire [INDEX-1:0] partners = {!early || index >= 4, !early || index >= 2, !early || index >= 1};

  logic [FLOAT-1:0] sums[SUMS];
  logic [FLOAT-1:0] running;
  logic running_valid, running_last;
  logic [INDEX-1:0] running_index, running_partners;
  edgellm_add accumulate (.clk, .a(term), .b(early ? '0 : sums[index]), .sum(running));
  edgellm_flag_delay #(.STAGES(LATENCY)) valid_delay (.clk, .rst, .in(valid), .out(running_valid));
  edgellm_delay #(.WIDTH(1 + 2 * INDEX), .STAGES(LATENCY)) beside (
      .clk, .in({last, index, partners}), .out({running_last, running_index, running_partners}));
  always_ff @(posedge clk) if (running_valid) sums[running_index] <= running;

  // The levels of the tree: partners 4, 2 and 1 before.
  for (genvar l = 0; l <= INDEX; l++) begin : level
    logic is_valid, is_last;
    logic [INDEX-1:0] exist;
    logic [FLOAT-1:0] value;
    if (l == 0) begin : entry
      assign {is_valid, is_last, exist, value} =
          {running_valid, running_last, running_partners, running};
    end else begin : later
      localparam int BEFORE = SUMS >> l;
      logic [BEFORE*FLOAT-1:0] history;
      wire [FLOAT-1:0] partner =
          level[l-1].exist[INDEX-l] ? history[BEFORE*FLOAT-1-:FLOAT] : '0;
      always_ff @(posedge clk)
        if (level[l-1].is_valid) history <= (BEFORE * FLOAT)'({history, level[l-1].value});
      edgellm_add add (.clk, .a(level[l-1].value), .b(partner), .sum(value));
      edgellm_flag_delay #(.STAGES(LATENCY)) valid_delay (
          .clk, .rst, .in(level[l-1].is_valid), .out(is_valid));
      edgellm_delay #(.WIDTH(1 + INDEX), .STAGES(LATENCY)) beside_level (
          .clk, .in({level[l-1].is_last, level[l-1].exist}), .out({is_last, exist}));
    end
  end
  assign sum_valid = level[INDEX].is_valid && level[INDEX].is_last;
  assign sum = level[INDEX].value;
endmodule
