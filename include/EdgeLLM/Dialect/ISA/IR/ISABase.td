//===- ISABase.td - The isa dialect ---------------------------------------===//
#ifndef EDGELLM_DIALECT_ISA_IR_ISABASE_TD
#define EDGELLM_DIALECT_ISA_IR_ISABASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

include "mlir/IR/RegionKindInterface.td"

def ISA_Dialect : Dialect {
  let name = "isa";
  let cppNamespace = "::edgellm::isa";
  let summary = "One op an instruction, one field an attribute";
  let description = [{
    The last station before bytes. Nothing is decided here, only encoded: the
    instruction ops, their fields and their range checks are generated from
    `EdgeLLM/ISA/Instructions.td`, and `edgellm-translate` maps a program to
    its binary and back without a choice in either direction. `from` names the
    part of the model that an instruction came from; it rides in the program
    for errors and traces.

    ```mlir
    isa.program ports = 32, context = 512, hidden = 256, vocabulary = 2048,
                ddr_packets = 65536, hbm_packets = 4096, chip_packets = 512 {
      isa.entry "generate" max_tokens = 512, input = 2048, logits = 1024,
                logits_rows = 1 {
        isa.begin max_tokens = 512, context = 512, ddr_packets = 65536,
                  hbm_packets = 4096, chip_packets = 512
        isa.end
      }
    }
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
}

class ISA_Op<string mnemonic, list<Trait> traits = []>
    : Op<ISA_Dialect, mnemonic, traits>;

class ISA_InstructionOp<string mnemonic>
    : ISA_Op<mnemonic, [HasParent<"EntryOp">]> {
  let hasVerifier = 1;
}

def ISA_AffineAttr : AttrDef<ISA_Dialect, "Affine"> {
  let mnemonic = "affine";
  let summary = "A field that the device resolves for each request";
  let description = [{
    A constant plus a multiple of one request register, written as an
    expression: `<tokens * 64 + 4096>`, `<past>`, `<(tokens ceildiv 32) * 32>`.
    An expression that needs two registers is refused by the parser.
  }];
  let parameters = (ins "::edgellm::isa::Affine":$value);
  let hasCustomAssemblyFormat = 1;
}

def ISA_UnitSetAttr : AttrDef<ISA_Dialect, "UnitSet"> {
  let mnemonic = "units";
  let summary = "Units that an instruction takes tokens of or puts them for";
  let description = "`<attention, dma>`; an empty set is left out.";
  let parameters = (ins "::edgellm::isa::Set<::edgellm::isa::Unit>":$value);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Null for the empty set.
    static UnitSetAttr getOptional(::mlir::MLIRContext *context,
                                   ::edgellm::isa::Set<::edgellm::isa::Unit> set);
  }];
}

#endif // EDGELLM_DIALECT_ISA_IR_ISABASE_TD
