//===- StepEncoding.cpp - Planned steps as instructions -------------------===//
#include "EdgeLLM/Dialect/Accel/IR/StepEncoding.h"

#include "EdgeLLM/Dialect/Accel/IR/Layout.h"
#include "EdgeLLM/Dialect/Request/RequestExpr.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

static isa::Function functionOf(ActivationOp op) {
  static_assert(uint64_t(Function::silu) == uint64_t(isa::Function::silu) &&
                uint64_t(Function::gelu) == uint64_t(isa::Function::gelu) &&
                getMaxEnumValForFunction() + 1 == isa::kFunctions);
  return isa::Function(op.getFunction());
}

namespace {

/// An operand as instructions see it: packet(block, row) =
/// address + block * stride + row.
struct Place {
  isa::Space space;
  AffineExpr address, stride;
};

/// Encodes one step.
class StepEncoder {
public:
  StepEncoder(Operation *step, const SymbolTable &symbols)
      : step(step), symbols(symbols), context(step->getContext()) {}

  FailureOr<StepInstruction> run() {
    return llvm::TypeSwitch<Operation *, FailureOr<StepInstruction>>(step)
        .Case<VmmOp, RMSNormOp, LayerNormOp, RopeOp, AttentionScoresOp,
              SoftmaxOp, AttentionValuesOp, ActivationOp>(
            [&](auto op) -> FailureOr<StepInstruction> {
              auto instruction = toInstruction(op);
              setTokens(instruction, op.getTokensAttr());
              if constexpr (requires { op.getSliceAttr(); })
                setSlice(instruction, op.getSliceAttr());
              if (failedField)
                return failure();
              return StepInstruction(instruction);
            })
        .Default([](Operation *other) {
          return other->emitOpError("has no instruction");
        });
  }

private:
  Operation *step;
  const SymbolTable &symbols;
  MLIRContext *context;
  bool failedField = false;

  template <typename Instruction>
  static void setTokens(Instruction &instruction, TokensAttr tokens) {
    if (!tokens)
      return;
    instruction.wait = tokens.getWait();
    instruction.follow = tokens.getFollow();
    instruction.signal = tokens.getSignal();
    instruction.lead = tokens.getLead();
    if constexpr (requires { instruction.stream_wait; })
      instruction.stream_wait = tokens.getStreamWait();
  }

  template <typename Instruction>
  static void setSlice(Instruction &instruction, SliceAttr slice) {
    if (!slice)
      return;
    instruction.slice_rows = slice.getRows();
    instruction.work = slice.getAt();
  }

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  template <typename Resident> Resident lookUp(StringRef name) {
    return symbols.lookup<Resident>(name);
  }

  Place placeOf(Value value) {
    if (auto rows = value.getDefiningOp<RowsOp>()) {
      Place place = placeOf(rows.getSource());
      place.address = place.address + rows.getFirst().getResult(0);
      return place;
    }
    if (auto cached = value.getDefiningOp<CachedOp>()) {
      auto cache = lookUp<CacheOp>(cached.getCache());
      // The cache's packets are dealt over the ports.
      int64_t packet =
          *cache.getAddress() *
          step->getParentOfType<ProgramOp>().getTarget().getPorts();
      return {isa::Space::hbm, getConstant(context, packet),
              getConstant(context, strideOf(cached.getType()))};
    }
    auto alloc = value.getDefiningOp<AllocOp>();
    return {isa::Space(alloc.getType().getSpace()),
            getConstant(context, *alloc.getAddress()),
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
    step->emitOpError() << "needs the address or size " << text
                        << ", which no request register gives";
    failedField = true;
    return {};
  }

  isa::Affine rowsOf(Value value) { return field(bufferType(value).getRows()); }

  /// tokens + past: how many columns the scores of this pass have.
  isa::Affine columns(Value scores) {
    return field(bufferType(scores).getRows() + getPast(context));
  }

  /// Verifiers keep everything but results out of HBM.
  static isa::ActivationSpace activationSpace(const Place &place) {
    return isa::ActivationSpace(place.space);
  }
  static void setSpace(isa::Space &space, const Place &place) {
    space = place.space;
  }
  static void setSpace(isa::ActivationSpace &space, const Place &place) {
    space = activationSpace(place);
  }

  template <typename Instruction>
  void setSource(Instruction &instruction, Value value) {
    Place place = placeOf(value);
    instruction.src_space = activationSpace(place);
    instruction.src = field(place.address);
    instruction.src_stride = field(place.stride);
  }

  template <typename Instruction>
  void setDestination(Instruction &instruction, Value value) {
    Place place = placeOf(value);
    setSpace(instruction.dst_space, place);
    instruction.dst = field(place.address);
    instruction.dst_stride = field(place.stride);
  }

  /// The heads of queries or outputs and of the cache that they share.
  template <typename Instruction>
  void setHeads(Instruction &instruction, BufferType heads, Value cache) {
    instruction.heads = heads.getHeads();
    instruction.kv_heads = bufferType(cache).getHeads();
    instruction.head_blocks = heads.getHeadBlocks();
  }

  /// Packets between the heads of a score buffer.
  isa::Affine headStride(Value scores) {
    return field(placeOf(scores).stride * bufferType(scores).getHeadBlocks());
  }

  //===--------------------------------------------------------------------===//
  // Steps
  //===--------------------------------------------------------------------===//

  isa::Vmm toInstruction(VmmOp op) {
    auto weight = lookUp<WeightOp>(op.getWeight());
    isa::Vmm vmm;
    vmm.weight_format = formatOf(weight);
    vmm.epilogue = isa::Epilogue(op.getEpilogue());
    vmm.argmax = op.getArgmax();
    vmm.in_channels = bufferType(op.getInput()).getWidth();
    vmm.out_channels = bufferType(op.getOutput()).getWidth();
    vmm.weights = *weight.getAddress();
    if (op.getBias()) {
      vmm.has_bias = true;
      vmm.bias = *lookUp<ConstantOp>(*op.getBias()).getAddress();
    }
    vmm.rows = rowsOf(op.getInput());
    setSource(vmm, op.getInput());
    setDestination(vmm, op.getOutput());
    if (op.getAux()) {
      Place aux = placeOf(op.getAux());
      vmm.aux_space = activationSpace(aux);
      vmm.aux = field(aux.address);
      vmm.aux_stride = field(aux.stride);
    }
    return vmm;
  }

  isa::RmsNorm toInstruction(RMSNormOp op) {
    isa::RmsNorm norm;
    norm.heads = bufferType(op.getInput()).getHeads();
    norm.channels = bufferType(op.getInput()).getChannels();
    norm.epsilon = op.getEpsilon().convertToFloat();
    norm.inverse_channels = 1.0f / float(norm.channels);
    norm.weight = *lookUp<ConstantOp>(op.getWeight()).getAddress();
    norm.rows = rowsOf(op.getInput());
    setSource(norm, op.getInput());
    setDestination(norm, op.getOutput());
    return norm;
  }

  isa::LayerNorm toInstruction(LayerNormOp op) {
    isa::LayerNorm norm;
    norm.channels = bufferType(op.getInput()).getChannels();
    norm.epsilon = op.getEpsilon().convertToFloat();
    norm.weight = *lookUp<ConstantOp>(op.getWeight()).getAddress();
    norm.bias = *lookUp<ConstantOp>(op.getBias()).getAddress();
    norm.rows = rowsOf(op.getInput());
    setSource(norm, op.getInput());
    setDestination(norm, op.getOutput());
    return norm;
  }

  isa::Rope toInstruction(RopeOp op) {
    auto table = lookUp<RopeTableOp>(op.getTable());
    BufferType type = bufferType(op.getInput());
    isa::Rope rope;
    rope.heads = type.getHeads();
    rope.head_blocks = type.getHeadBlocks();
    rope.table_stride = table.getPositions();
    rope.table = field(getPast(context) + *table.getAddress());
    rope.rows = rowsOf(op.getInput());
    setSource(rope, op.getInput());
    setDestination(rope, op.getOutput());
    return rope;
  }

  isa::AttentionScores toInstruction(AttentionScoresOp op) {
    Place cache = placeOf(op.getKeys());
    isa::AttentionScores scores;
    setHeads(scores, bufferType(op.getQuery()), op.getKeys());
    scores.scale = op.getScale().convertToFloat();
    scores.key_stride = evaluate(cache.stride, 0, 0);
    scores.keys = evaluate(cache.address, 0, 0);
    scores.rows = rowsOf(op.getQuery());
    scores.columns = columns(op.getOutput());
    setSource(scores, op.getQuery());
    setDestination(scores, op.getOutput());
    scores.dst_head_stride = headStride(op.getOutput());
    return scores;
  }

  isa::Softmax toInstruction(SoftmaxOp op) {
    isa::Softmax softmax;
    softmax.heads = bufferType(op.getInput()).getHeads();
    softmax.rows = rowsOf(op.getInput());
    softmax.columns = columns(op.getOutput());
    softmax.visible = field(getPast(context) + 1);
    setSource(softmax, op.getInput());
    softmax.src_head_stride = headStride(op.getInput());
    setDestination(softmax, op.getOutput());
    softmax.dst_head_stride = headStride(op.getOutput());
    return softmax;
  }

  isa::AttentionValues toInstruction(AttentionValuesOp op) {
    Place cache = placeOf(op.getValues());
    isa::AttentionValues mixed;
    setHeads(mixed, bufferType(op.getOutput()), op.getValues());
    mixed.value_stride = evaluate(cache.stride, 0, 0);
    mixed.values = evaluate(cache.address, 0, 0);
    mixed.rows = rowsOf(op.getProbabilities());
    mixed.columns = columns(op.getProbabilities());
    setSource(mixed, op.getProbabilities());
    mixed.src_head_stride = headStride(op.getProbabilities());
    setDestination(mixed, op.getOutput());
    return mixed;
  }

  isa::Activation toInstruction(ActivationOp op) {
    isa::Activation activation;
    activation.function = functionOf(op);
    activation.channels = bufferType(op.getInput()).getPaddedChannels();
    activation.rows = rowsOf(op.getInput());
    setSource(activation, op.getInput());
    setDestination(activation, op.getOutput());
    return activation;
  }
};

} // namespace

FailureOr<StepInstruction>
edgellm::accel::encodeStep(Operation *step, const SymbolTable &symbols) {
  return StepEncoder(step, symbols).run();
}

LogicalResult edgellm::accel::checkPlanned(ProgramOp program) {
  if (!program.getDdrPackets() || !program.getHbmPackets() ||
      !program.getChipPackets() || !program.getSequencePackets() ||
      !program.getSequences())
    return program.emitOpError("has no memory plan; run accel-plan-memory");
  WalkResult result = program.walk([](Operation *op) {
    bool needsAddress =
        llvm::isa<WeightOp, ConstantOp, RopeTableOp, CacheOp, AllocOp>(op);
    if (!needsAddress || op->hasAttr("address"))
      return WalkResult::advance();
    op->emitOpError("has no address; run accel-plan-memory first");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
