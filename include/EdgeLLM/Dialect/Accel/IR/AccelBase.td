//===- AccelBase.td - The accel dialect -----------------------------------===//
#ifndef EDGELLM_DIALECT_ACCEL_IR_ACCELBASE_TD
#define EDGELLM_DIALECT_ACCEL_IR_ACCELBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Accel_Dialect : Dialect {
  let name = "accel";
  let cppNamespace = "::edgellm::accel";
  let summary = "What the machine does, in the order it does it";
  let description = [{
    One op a hardware step; every operand is a buffer in the unified format:
    [head][channel / 32][row][32] FP16 values, 64 bytes a (channel block, row).
    Sizes that depend on the request are affine in `tokens` (new in this pass)
    and `past` (already cached). Addresses, once planned, count packets of 64
    bytes.

    "Layout-free" means: no step's only work is to move or reorder data. A row
    range of a buffer (`accel.rows`) is an address, not a step.
  }];
  // A rope table has a scaling of that dialect.
  let dependentDialects = ["::edgellm::graph::EdgeLLMDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Accel_Enum<string name, string summary, list<string> names>
    : I32EnumAttr<name, summary, !foldl([]<I32EnumAttrCase>,
        !range(!size(names)), cases, i,
        !listconcat(cases, [I32EnumAttrCase<names[i], i>]))> {
  let cppNamespace = "::edgellm::accel";
}

def Accel_Space : Accel_Enum<"Space", "where a buffer lives",
                             ["ddr", "chip", "hbm"]>;
// Those of the instruction table, in its order (Layout.cpp and StepEncoding.cpp
// check that).
def Accel_WeightFormat : Accel_Enum<"WeightFormat", "how weights are coded",
    ["int4", "fp16", "int4_4of8", "int4_2of8", "int4_1of8_padded",
     "int4_1of8"]>;
def Accel_Epilogue : Accel_Enum<"Epilogue", "what joins a product",
                                ["none", "add", "multiply"]>;
def Accel_Function : Accel_Enum<"Function", "element-wise function",
                                ["silu", "gelu"]>;

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

def Accel_Buffer : TypeDef<Accel_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "A tensor in the unified format";
  let description = [{
    `!accel.buffer<4 x 64, <tokens>, ddr>`: four heads of 64 channels, one row a
    new token, in DDR. Each head is padded on its own to whole packets of 32
    channels. In `hbm` the packets are dealt over the ports, packet i to port
    i mod ports. `chip` is the activation buffer of the machine; the memory plan
    moves buffers there that fit.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$channels,
    "::mlir::AffineExpr":$rows, "Space":$space);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Channel blocks of one head.
    int64_t getHeadBlocks() const {
      return ::llvm::divideCeil(getChannels(), ::edgellm::isa::kLanes);
    }
    /// Channel blocks of all heads: packets a row.
    int64_t getBlocks() const { return getHeads() * getHeadBlocks(); }
    /// Channels with each head's padding.
    int64_t getPaddedChannels() const {
      return getBlocks() * ::edgellm::isa::kLanes;
    }
    /// Channels as an instruction counts them: a single head needs no padding
    /// and keeps its width.
    int64_t getWidth() const {
      return getHeads() == 1 ? getChannels() : getPaddedChannels();
    }
  }];
}

def Accel_ChannelsAttr : AttrDef<Accel_Dialect, "Channels"> {
  let mnemonic = "channels";
  let summary = "Which channel of a checkpoint stands where in a buffer";
  let description = [{
    `#accel.channels<4 x 48, pairs 48>`: four heads of 48 channels, each padded
    to 64, and within the first 48 of each head the halves interleaved, so that
    channels i and i + 24 of the checkpoint become neighbours 2i and 2i + 1.
    Padding is zero. `pairs 0` keeps the order.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$size, "int64_t":$pairs);
  let assemblyFormat = "`<` $heads `x` $size `,` `pairs` $pairs `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Channels in the checkpoint.
    int64_t getSourceChannels() const { return getHeads() * getSize(); }
  }];
}

def Accel_TargetAttr : AttrDef<Accel_Dialect, "Target"> {
  let mnemonic = "target";
  let summary = "What passes need to know of the machine";
  let description = [{
    Taken from hw/targets/NAME.json by `edgellm-to-accel`: the HBM ports and the
    packets of each, the packets of DDR (none when one HBM port is shared with
    program and activations), the packets of the activation buffer on chip, the
    longest context in tokens and the largest head.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$ports,
    "int64_t":$portPackets, "int64_t":$ddrPackets, "int64_t":$chipPackets,
    "int64_t":$maxContext, "int64_t":$maxHeadSize);
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Program and activations come out of an HBM port.
    bool getSharedPort() const { return getDdrPackets() == 0; }
  }];
  let assemblyFormat = "`<` struct(params) `>`";
}

class Accel_UnitSet<string description>
    : OptionalParameter<"::edgellm::isa::Set<::edgellm::isa::Unit>",
                        description> {
  let parser = "::edgellm::parseUnitSet($_parser)";
  let printer = "::edgellm::printUnitSet($_printer, $_self)";
}

def Accel_TokensAttr : AttrDef<Accel_Dialect, "Tokens"> {
  let mnemonic = "tokens";
  let summary = "Who a step waits for and who waits for it";
  let description = [{
    `<wait = <vector>, signal = <attention, dma>>`; sets that are empty are left
    out. What the sets mean stands at the head of ISA/Instructions.td. Written
    by `accel-synchronize`.
  }];
  let parameters = (ins
    Accel_UnitSet<"units that put a token before the step starts">:$wait,
    Accel_UnitSet<"the same before the DMA streams for it">:$streamWait,
    Accel_UnitSet<"units that the step follows block by block">:$follow,
    Accel_UnitSet<"units that get a token at its end">:$signal,
    Accel_UnitSet<"units that get a chain token at its start">:$lead);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Accel_SliceAttr : AttrDef<Accel_Dialect, "Slice"> {
  let mnemonic = "slice";
  let summary = "How an input that lies in DDR comes to the array";
  let description = [{
    `<rows = 64, at = 8192>`: 64 rows at a time, through two slices that begin at
    packet 8192 of the activation buffer. Written by `accel-plan-memory`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$at);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // EDGELLM_DIALECT_ACCEL_IR_ACCELBASE_TD
