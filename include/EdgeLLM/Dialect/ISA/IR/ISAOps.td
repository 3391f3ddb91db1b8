//===- ISAOps.td - Programs, entry points and instructions ----------------===//
#ifndef EDGELLM_DIALECT_ISA_IR_ISAOPS_TD
#define EDGELLM_DIALECT_ISA_IR_ISAOPS_TD

include "EdgeLLM/Dialect/ISA/IR/ISABase.td"
// Generated from EdgeLLM/ISA/Instructions.td.
include "EdgeLLM/ISA/ISAInstructionOps.td"

def ISA_ProgramOp : ISA_Op<"program", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock]> {
  let summary = "A program file";
  let description = [{
    Holds the entry points in the order of the file. `ports` HBM ports share
    the weights and the cache of `context` tokens; `ddr_packets`,
    `hbm_packets` and `chip_packets` are the sizes of the ddr buffer, of each
    port's buffer and of the activation buffer on chip in packets of 64 bytes.
    A port's buffer ends with `sequence_packets` for each of `sequences`
    sequences of tokens.
  }];
  let arguments = (ins I64Attr:$ports, I64Attr:$context, I64Attr:$hidden,
    I64Attr:$vocabulary, I64Attr:$ddr_packets, I64Attr:$hbm_packets,
    I64Attr:$chip_packets, I64Attr:$sequence_packets, I64Attr:$sequences);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `ports` `=` $ports `,` `context` `=` $context `,` `hidden` `=` $hidden `,`
    `vocabulary` `=` $vocabulary `,` `ddr_packets` `=` $ddr_packets `,`
    `hbm_packets` `=` $hbm_packets `,` `chip_packets` `=` $chip_packets `,`
    `sequence_packets` `=` $sequence_packets `,` `sequences` `=` $sequences
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

def ISA_EntryOp : ISA_Op<"entry", [
    HasParent<"ProgramOp">, NoRegionArguments, NoTerminator, SingleBlock]> {
  let summary = "One way to run the program";
  let description = [{
    A pass of at most `max_tokens` new tokens. The host puts their embeddings at
    packet `input` of the ddr buffer and finds logits at packet `logits`: of the
    last token when `logits_rows` is 1, of every token when it is 0.
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$max_tokens, I64Attr:$input,
    I64Attr:$logits, I64Attr:$logits_rows);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `max_tokens` `=` $max_tokens `,` `input` `=` $input `,`
    `logits` `=` $logits `,` `logits_rows` `=` $logits_rows
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

#endif // EDGELLM_DIALECT_ISA_IR_ISAOPS_TD
