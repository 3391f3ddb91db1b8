//===- AccelToISA.cpp - Planned steps to instructions ---------------------===//
#include "EdgeLLM/Conversion/Passes.h"
#include "EdgeLLM/Dialect/Accel/IR/StepEncoding.h"
#include "EdgeLLM/ISA/Program.h"

using namespace mlir;

namespace edgellm {
#define GEN_PASS_DEF_ACCELTOISA
#include "EdgeLLM/Conversion/Passes.h.inc"
} // namespace edgellm

using namespace edgellm;

/// The part of the model that an operation came from: the name that the
/// importer gave it, or where it stands in a file.
static std::string sourceOf(Location loc) {
  std::string text;
  if (auto name = loc->findInstanceOf<NameLoc>())
    text = name.getName().str();
  else if (auto file = loc->findInstanceOf<FileLineColLoc>())
    text = (file.getFilename().strref() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
               .str();
  // The end of a long path says more than its beginning.
  return text.size() > kSourceBytes ? text.substr(text.size() - kSourceBytes)
                                    : text;
}

/// Encodes the steps of one entry point.
static LogicalResult encodeEntry(accel::EntryOp entry, accel::ProgramOp program,
                                 const SymbolTable &symbols,
                                 OpBuilder builder) {
  isa::Begin begin;
  begin.max_tokens = entry.getMaxTokens();
  begin.context = program.getContext();
  begin.ddr_packets = *program.getDdrPackets();
  begin.hbm_packets = *program.getHbmPackets();
  begin.chip_packets = *program.getChipPackets();
  begin.sequence_packets = *program.getSequencePackets();
  begin.sequences = *program.getSequences();
  isa::createOp(builder, entry.getLoc(), begin, "");
  for (Operation &op : *entry.getBody().begin()) {
    if (llvm::isa<accel::AllocOp, accel::CachedOp, accel::RowsOp,
                  accel::ReturnOp>(op))
      continue;
    FailureOr<accel::StepInstruction> instruction =
        accel::encodeStep(&op, symbols);
    if (failed(instruction))
      return failure();
    std::string source = sourceOf(op.getLoc());
    std::visit(
        [&](const auto &step) {
          isa::createOp(builder, op.getLoc(), step, source);
        },
        *instruction);
  }
  isa::createOp(builder, entry.getLoc(), isa::End(), "");
  return success();
}

namespace {

class AccelToISAPass : public edgellm::impl::AccelToISABase<AccelToISAPass> {
public:
  void runOnOperation() override {
    SmallVector<accel::ProgramOp> programs(
        getOperation().getOps<accel::ProgramOp>());
    for (accel::ProgramOp program : programs)
      if (failed(accel::checkPlanned(program)) || failed(convert(program)))
        return signalPassFailure();
  }

private:
  LogicalResult convert(accel::ProgramOp program) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(program);
    auto binary = isa::ProgramOp::create(
        builder, program.getLoc(), program.getTarget().getPorts(),
        program.getContext(), program.getHidden(), program.getVocabulary(),
        *program.getDdrPackets(), *program.getHbmPackets(),
        *program.getChipPackets(), *program.getSequencePackets(),
        *program.getSequences());
    builder.createBlock(&binary.getBody());
    SymbolTable symbols(program);
    for (accel::EntryOp entry :
         llvm::make_early_inc_range(program.getOps<accel::EntryOp>())) {
      if (failed(convertEntry(entry, program, symbols, builder)))
        return failure();
      entry.erase();
    }
    return success();
  }

  LogicalResult convertEntry(accel::EntryOp entry, accel::ProgramOp program,
                             const SymbolTable &symbols, OpBuilder builder) {
    accel::AllocOp input;
    entry.walk([&](accel::AllocOp op) {
      if (op.getInput())
        input = op;
    });
    auto end = cast<accel::ReturnOp>(entry.getBody().front().getTerminator());
    auto logits = end.getLogits()
                      ? end.getLogits().getDefiningOp<accel::AllocOp>()
                      : accel::AllocOp();
    if (!input || !logits)
      return entry.emitOpError("needs an input buffer and logits that are a "
                               "whole buffer");
    auto rows = dyn_cast<AffineConstantExpr>(logits.getType().getRows());
    auto result = isa::EntryOp::create(
        builder, entry.getLoc(), entry.getName(), entry.getMaxTokens(),
        *input.getAddress(), *logits.getAddress(), rows ? rows.getValue() : 0);
    builder.createBlock(&result.getBody());
    return encodeEntry(entry, program, symbols, builder);
  }
};

} // namespace
