//===- AccelToISA.cpp - Planned steps to instructions ---------------------===//
#include "EdgeLLM/Conversion/Passes.h"
#include "EdgeLLM/Dialect/Accel/IR/Layout.h"
#include "EdgeLLM/Dialect/Request/RequestExpr.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace edgellm {
#define GEN_PASS_DEF_ACCELTOISA
#include "EdgeLLM/Conversion/Passes.h.inc"
} // namespace edgellm

using namespace edgellm;
using accel::BufferType;

namespace {

/// An operand as instructions see it: packet(block, row) =
/// address + block * stride + row.
struct Place {
  isa::Space space;
  AffineExpr address, stride;
};

/// Encodes the steps of one entry point.
class EntryEncoder {
public:
  EntryEncoder(accel::EntryOp entry, accel::ProgramOp program,
               OpBuilder builder)
      : entry(entry), program(program), symbols(program), builder(builder) {}

  LogicalResult run() {
    isa::Begin begin;
    begin.max_tokens = entry.getMaxTokens();
    begin.context = program.getContext();
    begin.ddr_packets = *program.getDdrPackets();
    begin.hbm_packets = *program.getHbmPackets();
    isa::createOp(builder, entry.getLoc(), begin);
    for (Operation &op : *entry.getBody().begin())
      if (failed(encode(&op)))
        return failure();
    isa::createOp(builder, entry.getLoc(), isa::End());
    return success();
  }

private:
  accel::EntryOp entry;
  accel::ProgramOp program;
  SymbolTable symbols;
  OpBuilder builder;
  Operation *current = nullptr;
  bool failedField = false;

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  template <typename Resident> Resident lookUp(StringRef name) {
    return symbols.lookup<Resident>(name);
  }

  Place placeOf(Value value) {
    MLIRContext *context = builder.getContext();
    if (auto rows = value.getDefiningOp<accel::RowsOp>()) {
      Place place = placeOf(rows.getSource());
      place.address = place.address + rows.getFirst().getResult(0);
      return place;
    }
    if (auto cached = value.getDefiningOp<accel::CachedOp>()) {
      auto cache = lookUp<accel::CacheOp>(cached.getCache());
      // The cache's packets are dealt over the ports.
      int64_t packet = *cache.getAddress() * program.getTarget().getPorts();
      return {isa::Space::hbm, getConstant(context, packet),
              getConstant(context, accel::strideOf(cached.getType()))};
    }
    auto alloc = value.getDefiningOp<accel::AllocOp>();
    return {isa::Space::ddr, getConstant(context, *alloc.getAddress()),
            alloc.getType().getRows()};
  }

  /// The instruction field for an expression; a failure is noted and makes the
  /// step fail as a whole.
  isa::Affine field(AffineExpr expr) {
    if (std::optional<isa::Affine> result = toField(expr))
      return *result;
    std::string text;
    llvm::raw_string_ostream os(text);
    printRequestExpr(os, expr);
    current->emitOpError() << "needs the address or size " << text
                           << ", which no request register gives";
    failedField = true;
    return {};
  }

  isa::Affine rowsOf(Value value) {
    return field(accel::bufferType(value).getRows());
  }

  /// tokens + past: how many columns the scores of this pass have.
  isa::Affine columns() {
    MLIRContext *context = builder.getContext();
    return field(getTokens(context) + getPast(context));
  }

  template <typename Instruction>
  void setSource(Instruction &instruction, Value value) {
    Place place = placeOf(value);
    instruction.src = field(place.address);
    instruction.src_stride = field(place.stride);
  }

  template <typename Instruction>
  void setDestination(Instruction &instruction, Value value) {
    Place place = placeOf(value);
    instruction.dst = field(place.address);
    instruction.dst_stride = field(place.stride);
  }

  /// The heads of queries or outputs and of the cache that they share.
  template <typename Instruction>
  void setHeads(Instruction &instruction, BufferType heads, Value cache) {
    instruction.heads = heads.getHeads();
    instruction.kv_heads = accel::bufferType(cache).getHeads();
    instruction.head_blocks = heads.getHeadBlocks();
  }

  /// Packets between the heads of a score buffer.
  isa::Affine headStride(Value scores) {
    return field(placeOf(scores).stride *
                 accel::bufferType(scores).getHeadBlocks());
  }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  LogicalResult encode(Operation *op) {
    current = op;
    failedField = false;
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<accel::VmmOp, accel::RMSNormOp, accel::RopeOp,
              accel::AttentionScoresOp, accel::SoftmaxOp,
              accel::AttentionValuesOp, accel::ActivationOp>([&](auto step) {
          auto instruction = toInstruction(step);
          if (failedField)
            return failure();
          isa::createOp(builder, op->getLoc(), instruction);
          return success();
        })
        .Case<accel::AllocOp, accel::CachedOp, accel::RowsOp, accel::ReturnOp>(
            [](Operation *) { return success(); })
        .Default([](Operation *other) {
          return other->emitOpError("has no instruction");
        });
  }

  isa::Vmm toInstruction(accel::VmmOp op) {
    auto weight = lookUp<accel::WeightOp>(op.getWeight());
    isa::Vmm vmm;
    vmm.weight_format = weight.getFormat() == accel::WeightFormat::int4
                            ? isa::WeightFormat::int4
                            : isa::WeightFormat::fp16;
    vmm.epilogue = isa::Epilogue(op.getEpilogue());
    vmm.dst_space = placeOf(op.getOutput()).space;
    vmm.argmax = op.getArgmax();
    vmm.in_channels = accel::bufferType(op.getInput()).getWidth();
    vmm.out_channels = accel::bufferType(op.getOutput()).getWidth();
    vmm.weights = *weight.getAddress();
    if (op.getBias()) {
      vmm.has_bias = true;
      vmm.bias = *lookUp<accel::ConstantOp>(*op.getBias()).getAddress();
    }
    vmm.rows = rowsOf(op.getInput());
    setSource(vmm, op.getInput());
    setDestination(vmm, op.getOutput());
    if (op.getAux()) {
      Place aux = placeOf(op.getAux());
      vmm.aux = field(aux.address);
      vmm.aux_stride = field(aux.stride);
    }
    return vmm;
  }

  isa::RmsNorm toInstruction(accel::RMSNormOp op) {
    isa::RmsNorm norm;
    norm.channels = accel::bufferType(op.getInput()).getWidth();
    norm.epsilon = op.getEpsilon().convertToFloat();
    norm.inverse_channels = 1.0f / float(norm.channels);
    norm.weight = *lookUp<accel::ConstantOp>(op.getWeight()).getAddress();
    norm.rows = rowsOf(op.getInput());
    setSource(norm, op.getInput());
    setDestination(norm, op.getOutput());
    return norm;
  }

  isa::Rope toInstruction(accel::RopeOp op) {
    auto table = lookUp<accel::RopeTableOp>(op.getTable());
    BufferType type = accel::bufferType(op.getInput());
    isa::Rope rope;
    rope.dst_space = placeOf(op.getOutput()).space;
    rope.heads = type.getHeads();
    rope.head_blocks = type.getHeadBlocks();
    rope.table_stride = table.getPositions();
    rope.table = field(getPast(builder.getContext()) + *table.getAddress());
    rope.rows = rowsOf(op.getInput());
    setSource(rope, op.getInput());
    setDestination(rope, op.getOutput());
    return rope;
  }

  isa::AttentionScores toInstruction(accel::AttentionScoresOp op) {
    Place cache = placeOf(op.getKeys());
    isa::AttentionScores scores;
    setHeads(scores, accel::bufferType(op.getQuery()), op.getKeys());
    scores.scale = op.getScale().convertToFloat();
    scores.key_stride = evaluate(cache.stride, 0, 0);
    scores.keys = evaluate(cache.address, 0, 0);
    scores.rows = rowsOf(op.getQuery());
    scores.columns = columns();
    setSource(scores, op.getQuery());
    setDestination(scores, op.getOutput());
    scores.dst_head_stride = headStride(op.getOutput());
    return scores;
  }

  isa::Softmax toInstruction(accel::SoftmaxOp op) {
    isa::Softmax softmax;
    softmax.heads = accel::bufferType(op.getInput()).getHeads();
    softmax.rows = rowsOf(op.getInput());
    softmax.columns = columns();
    softmax.visible = field(getPast(builder.getContext()) + 1);
    setSource(softmax, op.getInput());
    softmax.src_head_stride = headStride(op.getInput());
    setDestination(softmax, op.getOutput());
    softmax.dst_head_stride = headStride(op.getOutput());
    return softmax;
  }

  isa::AttentionValues toInstruction(accel::AttentionValuesOp op) {
    Place cache = placeOf(op.getValues());
    isa::AttentionValues mixed;
    setHeads(mixed, accel::bufferType(op.getOutput()), op.getValues());
    mixed.value_stride = evaluate(cache.stride, 0, 0);
    mixed.values = evaluate(cache.address, 0, 0);
    mixed.rows = rowsOf(op.getProbabilities());
    mixed.columns = columns();
    setSource(mixed, op.getProbabilities());
    mixed.src_head_stride = headStride(op.getProbabilities());
    setDestination(mixed, op.getOutput());
    return mixed;
  }

  isa::Activation toInstruction(accel::ActivationOp op) {
    isa::Activation activation;
    activation.function = isa::Function(op.getFunction());
    activation.channels = accel::bufferType(op.getInput()).getPaddedChannels();
    activation.rows = rowsOf(op.getInput());
    setSource(activation, op.getInput());
    setDestination(activation, op.getOutput());
    return activation;
  }
};

class AccelToISAPass : public edgellm::impl::AccelToISABase<AccelToISAPass> {
public:
  void runOnOperation() override {
    SmallVector<accel::ProgramOp> programs(
        getOperation().getOps<accel::ProgramOp>());
    for (accel::ProgramOp program : programs)
      if (failed(checkPlanned(program)) || failed(convert(program)))
        return signalPassFailure();
  }

private:
  /// Every name for memory has an address.
  static LogicalResult checkPlanned(accel::ProgramOp program) {
    if (!program.getDdrPackets() || !program.getHbmPackets())
      return program.emitOpError("has no memory plan; run accel-plan-memory");
    WalkResult result = program.walk([](Operation *op) {
      bool needsAddress =
          llvm::isa<accel::WeightOp, accel::ConstantOp, accel::RopeTableOp,
                    accel::CacheOp, accel::AllocOp>(op);
      if (!needsAddress || op->hasAttr("address"))
        return WalkResult::advance();
      op->emitOpError("has no address; run accel-plan-memory first");
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult convert(accel::ProgramOp program) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(program);
    auto binary = isa::ProgramOp::create(
        builder, program.getLoc(), program.getTarget().getPorts(),
        program.getContext(), program.getHidden(), program.getVocabulary(),
        *program.getDdrPackets(), *program.getHbmPackets());
    builder.createBlock(&binary.getBody());
    for (accel::EntryOp entry :
         llvm::make_early_inc_range(program.getOps<accel::EntryOp>())) {
      if (failed(convertEntry(entry, program, builder)))
        return failure();
      entry.erase();
    }
    return success();
  }

  LogicalResult convertEntry(accel::EntryOp entry, accel::ProgramOp program,
                             OpBuilder builder) {
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
    return EntryEncoder(entry, program, builder).run();
  }
};

} // namespace
