//===- Instructions.td - The instruction table ----------------------------===//
//
// The only place that knows an opcode, a field, its width, range, unit and
// meaning. Arithmetic (fl, half, dot, sum8, vsum, expneg) is defined bit for
// bit in hw/numerics.md.
//
//===----------------------------------------------------------------------===//
include "EdgeLLM/ISA/InstructionBase.td"

def Chapter1 : Chapter<"Notation", [{
`ddr[p]`, `chip[p]` and `hbm[p]` are 64-byte packets of 32 FP16 lanes in DDR, in
the activation buffer on chip and in HBM; port k of P holds `hbm[p]` with
p mod P == k at its packet p div P. `src[p]`, `aux[p]` and `dst[p]` are packets
of `src_space`, `aux_space` and `dst_space`. Arithmetic (`fl`, `half`, `dot`,
`sum8`, `vsum`, `expneg`) is defined bit for bit in hw/numerics.md.
}]>;

def Chapter2 : Chapter<"Units and tokens", [{
Units work at the same time, each on its own instructions in program order. What
an instruction needs of another unit it waits for with tokens:

| set | meaning |
|---|---|
| `wait` | before it starts, takes a token that each of these units put |
| `stream_wait` | the same for the half of it that the DMA executes: reading weights or the KV cache from HBM into the weight buffer |
| `follow` | before it starts, takes a chain token of each of these units; then reads each channel block once its producer has written it |
| `signal` | when it has ended, puts a token for each of these units |
| `lead` | when it starts, puts a chain token for each of these units |

Between two units there are two queues each way, one of tokens and one of chain
tokens, first in, first out. A unit takes the next instruction when the one
before has read all its operands; results are written in program order. The
sequencer keeps at most 32 instructions in flight: instruction n starts, and
streams, only when all up to n - 32 have ended. No token is left at the end of a
pass, and each is put by an instruction that stands before the one that takes
it; a program where this does not hold, or where units race for memory, is
refused when it is loaded (ISA/Schedule.h). Chains are for passes of one token
with the operand in the activation buffer.
}]>;

def Chapter3 : Chapter<"Sequences", [{
A pass works on one sequence of tokens, which the argument `sequence` of the
kernel selects. Each has KV memory of its own: a port buffer holds the weights,
then `sequence_packets` packets of sequence 0, those of sequence 1 and so on to
its end. A program knows sequence 0 alone. `keys`, `values` and results in hbm
lie in its KV memory, `weights` before it, and to the resolved addresses of the
former the sequencer adds `sequence * sequence_packets * P`. So whatever is
proved for sequence 0 holds for each: the same packets of its own, and none of
another's.
}]>;

def WeightFormat : Enumeration<"WeightFormat",
    "How the weight stream is coded: INT4 dense, FP16, or INT4 with 4, 2 or 1 "
    "of every 8 inputs, their addresses padded to 4 bits or not", [
      "int4", "fp16", "int4_4of8", "int4_2of8", "int4_1of8_padded", "int4_1of8"
    ]>;

def Epilogue : Enumeration<"Epilogue",
    "What happens to a product before it is rounded",
    ["none", "add", "multiply"]>;

def Space : Enumeration<"Space",
    "Where a result goes: DDR, the activation buffer on chip, the HBM ports",
    ["ddr", "chip", "hbm"]>;

def ActivationSpace : Enumeration<"ActivationSpace",
    "Where activations live: DDR or the activation buffer on chip",
    ["ddr", "chip"]>;

def Function : Enumeration<"Function",
    "Element-wise function", ["silu", "gelu"]>;

def Unit : Enumeration<"Unit",
    "What works at the same time as the others",
    ["matrix", "attention", "vector", "dma"]>;

/// An instruction of a unit, with its tokens.
class UnitInstruction<bits<8> number, string owner, string text,
                      list<Field> layout>
    : Instruction<number, text, !listconcat([
        Set<"wait", Unit, "takes a token of each before it starts">,
        Set<"follow", Unit, "takes a chain token of each before it starts">,
        Set<"signal", Unit, "puts a token for each when it has ended">,
        Set<"lead", Unit, "puts a chain token for each when it starts">
      ], layout)> {
  let unit = owner;
}

/// An instruction of the array, fed with a stream from HBM by the DMA.
class StreamInstruction<bits<8> number, string owner, string text,
                        list<Field> layout>
    : UnitInstruction<number, owner, text, !listconcat([
        Set<"stream_wait", Unit,
            "the DMA takes a token of each before it streams">
      ], layout, [
        Number<"slice_rows", 16, 0, 0, "tokens",
            "rows that are on chip at a time, streaming once each; 0 for all, "
            "with the input in the activation buffer">,
        Number<"work", 32, 0, 0, "packets",
            "with the input in ddr, where in the activation buffer two slices "
            "of it lie, one filled while the other is used">
      ])>;

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

def Begin : Instruction<0x01, "Opens an entry point and states its limits", [
    Number<"max_tokens", 32, 1, 0, "tokens", "longest pass">,
    Number<"context", 32, 1, 0, "tokens", "cache capacity: tokens + past">,
    Number<"ddr_packets", 40, 1, 0, "packets", "size of the ddr buffer">,
    Number<"hbm_packets", 32, 0, 0, "packets", "size of each port buffer">,
    Number<"chip_packets", 32, 0, 0, "packets",
           "of the activation buffer that are used">,
    Number<"sequence_packets", 32, 0, 0, "packets",
           "of each port buffer that are the KV memory of one sequence">,
    Number<"sequences", 16, 1, 0, "sequences",
           "whose KV memory ends each port buffer">
  ]> {
  let semantics = [{
    refuse unless 1 <= tokens <= max_tokens and tokens + past <= context
    refuse unless sequence < sequences
    refuse unless sequences * sequence_packets <= hbm_packets
    refuse unless the ddr, port and activation buffers are at least this large
  }];
}

def End : Instruction<0x02, "Completes the pass", []> {
  let semantics = [{ when all units are idle: write the status packet, ddr[0] }];
}

//===----------------------------------------------------------------------===//
// Matrix unit
//===----------------------------------------------------------------------===//

def Vmm : StreamInstruction<0x10, "matrix",
    "Vector-matrix product with a weight stream", [
    Choice<"weight_format", 4, WeightFormat, "coding of the weights">,
    Choice<"epilogue", 4, Epilogue, "joins `aux` before rounding">,
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, Space, "where the result goes">,
    Choice<"aux_space", 2, ActivationSpace, "where aux lies">,
    Flag<"has_bias", "adds `bias` to every row">,
    Flag<"argmax", "reports the greatest output of the last row">,
    Number<"in_channels", 24, 1, 0, "channels", "inputs">,
    Number<"out_channels", 24, 1, 0, "channels", "outputs">,
    Address<"weights", "start of the matrix in every port buffer">,
    Address<"bias", "one row of out_channels in ddr">,
    Affine<"rows", "tokens", "vectors">,
    Affine<"src", "packets", "input">,
    Affine<"src_stride", "packets", "between channel blocks of the input">,
    Affine<"dst", "packets", "output">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">,
    Affine<"aux", "packets", "second operand of the epilogue">,
    Affine<"aux_stride", "packets", "between channel blocks of aux">
  ]> {
  let semantics = [{
    for r in 0..rows:
      for c in 0..32*ceil(out_channels/32):
        y = dot(weight_format, src[src + *src_stride + r], weights[c])
        if has_bias: y = fl(y + ddr[bias + c/32].lane[c%32])
        a = aux[aux + (c/32)*aux_stride + r].lane[c%32]
        if epilogue == add: y = fl(y + a)
        if epilogue == multiply: y = fl(y * a)
        dst[dst + (c/32)*dst_stride + r].lane[c%32] = half(y)
    if argmax: status.argmax = first c < out_channels of the greatest output
               in row rows-1
  }];
}

//===----------------------------------------------------------------------===//
// Attention: the array's FP16 mode on the KV cache
//===----------------------------------------------------------------------===//

def AttentionScores : StreamInstruction<0x11, "attention",
    "Scaled Q * K^T of every head", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, ActivationSpace, "where the result goes">,
    Number<"heads", 16, 1, 0, "heads", "query heads">,
    Number<"kv_heads", 16, 1, 0, "heads", "key heads; divides heads">,
    Number<"head_blocks", 8, 1, 0, "blocks", "channel blocks of a head">,
    Real<"scale", "multiplies every score">,
    Number<"key_stride", 32, 1, 0, "packets", "between channel blocks of keys">,
    Address<"keys", "key cache in hbm, one packet a token">,
    Affine<"rows", "tokens", "queries">,
    Affine<"columns", "tokens", "keys">,
    Affine<"src", "packets", "queries">,
    Affine<"src_stride", "packets", "between channel blocks of queries">,
    Affine<"dst", "packets", "scores, columns as channels">,
    Affine<"dst_stride", "packets", "between column blocks">,
    Affine<"dst_head_stride", "packets", "between heads">
  ]> {
  let semantics = [{
    for h in 0..heads: g = h / (heads / kv_heads)
      for r in 0..rows:
        for t in 0..32*ceil(columns/32):
          q = src[src + (h*head_blocks + *)*src_stride + r]
          k = hbm[keys + (g*head_blocks + *)*key_stride + t]
          s = t < columns ? half(fl(dot(fp16, q, k) * scale)) : 0
          dst[dst + h*dst_head_stride + (t/32)*dst_stride + r].lane[t%32] = s
  }];
}

def Softmax : UnitInstruction<0x12, "vector",
    "Causal softmax over the columns of a head", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, ActivationSpace, "where the result goes">,
    Number<"heads", 16, 1, 0, "heads", "matrices of scores">,
    Affine<"rows", "tokens", "rows of each">,
    Affine<"columns", "tokens", "columns written, rounded up to 32">,
    Affine<"visible", "tokens", "columns that row 0 sees; row r sees r more">,
    Affine<"src", "packets", "scores">,
    Affine<"src_stride", "packets", "between column blocks of scores">,
    Affine<"src_head_stride", "packets", "between heads of scores">,
    Affine<"dst", "packets", "probabilities; may be src">,
    Affine<"dst_stride", "packets", "between column blocks of probabilities">,
    Affine<"dst_head_stride", "packets", "between heads of probabilities">
  ]> {
  let semantics = [{
    for h in 0..heads:
      for r in 0..rows: n = visible + r
        s[t] = src[src + h*src_head_stride + (t/32)*src_stride + r].lane[t%32]
        m = max of s[t], t < n
        e[t] = t < n ? expneg(fl(m - s[t])) : 0
        inv = fl(1 / vsum(e))
        for t in 0..32*ceil(columns/32):
          dst[dst + h*dst_head_stride + (t/32)*dst_stride + r].lane[t%32]
            = half(fl(e[t] * inv))
  }];
}

def AttentionValues : StreamInstruction<0x13, "attention",
    "Probabilities * V of every head", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, ActivationSpace, "where the result goes">,
    Number<"heads", 16, 1, 0, "heads", "query heads">,
    Number<"kv_heads", 16, 1, 0, "heads", "value heads; divides heads">,
    Number<"head_blocks", 8, 1, 0, "blocks", "channel blocks of a head">,
    Number<"value_stride", 32, 1, 0, "packets",
           "between channel blocks of values">,
    Address<"values", "value cache in hbm, one packet a token">,
    Affine<"rows", "tokens", "rows of probabilities">,
    Affine<"columns", "tokens", "values">,
    Affine<"src", "packets", "probabilities">,
    Affine<"src_stride", "packets", "between column blocks of src">,
    Affine<"src_head_stride", "packets", "between heads of src">,
    Affine<"dst", "packets", "output">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">
  ]> {
  let semantics = [{
    for h in 0..heads: g = h / (heads / kv_heads)
      for r in 0..rows:
        for c in 0..32*head_blocks: b = c/32
          p[t] = src[src + h*src_head_stride + (t/32)*src_stride + r].lane[t%32]
          v[t] = hbm[values + (g*head_blocks + b)*value_stride + t].lane[c%32]
          dst[dst + (h*head_blocks + b)*dst_stride + r].lane[c%32]
            = half(dot(fp16, p, v)) over t in 0..32*ceil(columns/32)
  }];
}

//===----------------------------------------------------------------------===//
// Vector unit
//===----------------------------------------------------------------------===//

def RmsNorm : UnitInstruction<0x20, "vector",
    "Root-mean-square normalisation of rows, or of every head of them", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, Space, "where the result goes">,
    Number<"channels", 24, 1, 0, "channels", "width of a head">,
    Real<"epsilon", "added to the mean square">,
    Real<"inverse_channels", "fl(1 / channels)">,
    Address<"weight", "one row of channels in ddr, the same for all heads">,
    Number<"heads", 16, 1, 0, "heads",
           "of a row, each in packets of its own; 1 to normalise whole rows">,
    Affine<"rows", "tokens", "vectors">,
    Affine<"src", "packets", "input">,
    Affine<"src_stride", "packets", "between channel blocks of the input">,
    Affine<"dst", "packets", "output; may be src">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">
  ]> {
  let semantics = [{
    for h in 0..heads, r in 0..rows: over i in 0..32*ceil(channels/32)
      b = h*ceil(channels/32) + i/32
      x[i] = src[src + b*src_stride + r].lane[i%32]
      w[i] = ddr[weight + i/32].lane[i%32]
      mean = fl(vsum(fl(x*x)) * inverse_channels)
      n = fl(1 / fl(sqrt(fl(mean + epsilon))))
      dst[dst + b*dst_stride + r].lane[i%32] = half(fl(fl(x[i] * n) * w[i]))
  }];
}

def Rope : UnitInstruction<0x21, "vector",
    "Rotary position embedding of adjacent pairs", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, Space, "where the result goes">,
    Number<"heads", 16, 1, 0, "heads", "heads rotated by the same table">,
    Number<"head_blocks", 8, 1, 0, "blocks", "channel blocks of a head">,
    Number<"table_stride", 32, 1, 0, "packets",
           "between channel blocks of the table">,
    Affine<"table", "packets", "cos, sin pairs in ddr, row 0 of this pass">,
    Affine<"rows", "tokens", "vectors">,
    Affine<"src", "packets", "input">,
    Affine<"src_stride", "packets", "between channel blocks of the input">,
    Affine<"dst", "packets", "output; may be src">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">
  ]> {
  let semantics = [{
    for h in 0..heads, j in 0..head_blocks, r in 0..rows, i in 0..16:
      (a, b) = lanes 2i, 2i+1 of src[src + (h*head_blocks + j)*src_stride + r]
      (c, s) = lanes 2i, 2i+1 of ddr[table + j*table_stride + r]
      lanes 2i, 2i+1 of dst[dst + (h*head_blocks + j)*dst_stride + r]
        = half(fl(fl(a*c) - fl(b*s))), half(fl(fl(b*c) + fl(a*s)))
  }];
}

def Activation : UnitInstruction<0x22, "vector",
    "Element-wise function", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, ActivationSpace, "where the result goes">,
    Choice<"function", 4, Function, "what is applied">,
    Number<"channels", 24, 1, 0, "channels", "width of a row">,
    Affine<"rows", "tokens", "vectors">,
    Affine<"src", "packets", "input">,
    Affine<"src_stride", "packets", "between channel blocks of the input">,
    Affine<"dst", "packets", "output; may be src">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">
  ]> {
  let semantics = [{
    for b in 0..ceil(channels/32), r in 0..rows, each lane:
      dst[dst + b*dst_stride + r] = function(src[src + b*src_stride + r])
  }];
}

def LayerNorm : UnitInstruction<0x23, "vector",
    "Normalisation of rows by mean and variance, with a bias", [
    Choice<"src_space", 2, ActivationSpace, "where the input lies">,
    Choice<"dst_space", 2, ActivationSpace, "where the result goes">,
    Real<"epsilon", "added to the variance">,
    Address<"weight", "one row of channels in ddr">,
    Number<"channels", 24, 1, 0, "channels", "width of a row">,
    Address<"bias", "one row of channels in ddr">,
    Affine<"rows", "tokens", "vectors">,
    Affine<"src", "packets", "input">,
    Affine<"src_stride", "packets", "between channel blocks of the input">,
    Affine<"dst", "packets", "output; may be src">,
    Affine<"dst_stride", "packets", "between channel blocks of the output">
  ]> {
  let semantics = [{
    inverse = fl(1 / channels)
    for r in 0..rows: over i in 0..32*ceil(channels/32)
      x[i] = i < channels ? src[src + (i/32)*src_stride + r].lane[i%32] : 0
      (w[i], b[i]) = lane i%32 of ddr[weight + i/32], ddr[bias + i/32]
      mean = fl(vsum(x) * inverse)
      d[i] = i < channels ? fl(x[i] - mean) : 0
      n = fl(1 / fl(sqrt(fl(fl(vsum(fl(d*d)) * inverse) + epsilon))))
      dst[dst + (i/32)*dst_stride + r].lane[i%32]
        = i < channels ? half(fl(fl(fl(d[i] * n) * w[i]) + b[i])) : 0
  }];
}
