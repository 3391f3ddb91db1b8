//===- EdgeLLMToAccel.cpp - Operators to hardware steps -------------------===//
#include "EdgeLLM/Conversion/ChannelLayout.h"
#include "EdgeLLM/Conversion/Passes.h"
#include "EdgeLLM/Dialect/Request/RequestExpr.h"
#include "EdgeLLM/Support/Guard.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Target/Target.h"
#include "Residents.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace edgellm {
#define GEN_PASS_DEF_EDGELLMTOACCEL
#include "EdgeLLM/Conversion/Passes.h.inc"
} // namespace edgellm

using namespace edgellm;
using accel::BufferType;
using accel::ChannelsAttr;

namespace {

/// Turns one function into one entry point.
class EntryConverter {
public:
  EntryConverter(func::FuncOp function, accel::ProgramOp program,
                 Residents &residents)
      : function(function), program(program), residents(residents),
        builder(OpBuilder::atBlockEnd(&program.getBody().front())) {}

  LogicalResult run() {
    auto limit = function->getAttrOfType<IntegerAttr>(
        graph::EdgeLLMDialect::kMaxTokensAttr);
    if (!limit)
      return function.emitError()
             << "has no " << graph::EdgeLLMDialect::kMaxTokensAttr;
    if (function.isExternal() || function.getNumArguments() == 0)
      return function.emitError("needs a body and the token ids as argument 0");
    auto entry = accel::EntryOp::create(builder, function.getLoc(),
                                        function.getSymNameAttr(), limit);
    maxTokens = limit.getInt();
    builder.createBlock(&entry.getBody());
    bindCaches();
    for (Operation &op : function.getBody().front())
      if (failed(convert(&op)))
        return failure();
    return success();
  }

private:
  func::FuncOp function;
  accel::ProgramOp program;
  Residents &residents;
  OpBuilder builder;
  IRMapping buffers;
  int64_t maxTokens = 0;

  //===--------------------------------------------------------------------===//
  // Buffers
  //===--------------------------------------------------------------------===//

  /// The caches are the same memory in every entry point, told apart by their
  /// position among the arguments.
  void bindCaches() {
    for (BlockArgument argument : function.getArguments())
      if (auto type = dyn_cast<graph::KVCacheType>(argument.getType())) {
        accel::CacheOp cache =
            residents.cache(argument.getArgNumber() - 1, type);
        buffers.map(argument, accel::CachedOp::create(builder, cache.getLoc(),
                                                      cache.getType(),
                                                      cache.getSymName()));
      }
  }

  /// New tokens of a pass: a constant where there can only be one, so that
  /// addresses and strides are.
  AffineExpr tokens() {
    return maxTokens == 1 ? builder.getAffineConstantExpr(1)
                          : getTokens(builder.getContext());
  }

  AffineExpr rowsOf(Value value) {
    int64_t rows = cast<RankedTensorType>(value.getType()).getDimSize(0);
    return ShapedType::isDynamic(rows) ? tokens()
                                       : builder.getAffineConstantExpr(rows);
  }

  BufferType bufferFor(Value value) {
    ChannelsAttr layout = layoutOf(value);
    return BufferType::get(builder.getContext(), layout.getHeads(),
                           layout.getSize(), rowsOf(value), accel::Space::ddr);
  }

  Value alloc(Location loc, BufferType type, bool isInput = false) {
    return accel::AllocOp::create(builder, loc, type, isInput, IntegerAttr());
  }

  /// The rows of a cache that this pass appends.
  Value appendedRows(Location loc, Value cache) {
    MLIRContext *context = builder.getContext();
    BufferType type = accel::bufferType(cache);
    auto rows = BufferType::get(context, type.getHeads(), type.getChannels(),
                                tokens(), accel::Space::hbm);
    auto first = AffineMap::get(0, 2, getPast(context));
    return accel::RowsOp::create(builder, loc, rows, cache, first);
  }

  /// Where the machine puts `value`: keys and values go straight to the cache
  /// of the attention that reads them, everything else to a new buffer.
  Value destinationOf(Value value, Location loc) {
    if (value.hasOneUse())
      if (auto attention =
              dyn_cast<graph::AttentionOp>(*value.getUsers().begin())) {
        if (value == attention.getKey())
          return appendedRows(loc, buffers.lookup(attention.getKeys()));
        if (value == attention.getValue())
          return appendedRows(loc, buffers.lookup(attention.getValues()));
      }
    return alloc(loc, bufferFor(value));
  }

  //===--------------------------------------------------------------------===//
  // Operators
  //===--------------------------------------------------------------------===//

  /// Operands other than token ids were made by converted operators.
  LogicalResult checkOperands(Operation *op) {
    for (Value operand : op->getOperands())
      if (!buffers.contains(operand) && operand != function.getArgument(0) &&
          !operand.getDefiningOp<graph::ArgmaxOp>())
        return op->emitOpError() << "reads a value of type "
                                 << operand.getType() << " that no step makes";
    return success();
  }

  LogicalResult convert(Operation *op) {
    if (failed(checkOperands(op)))
      return failure();
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<graph::EmbeddingOp, graph::LinearOp, graph::RMSNormOp,
              graph::LayerNormOp, graph::RopeOp, graph::AttentionOp,
              graph::SiluOp, graph::GeluOp, graph::LastTokenOp, graph::ArgmaxOp,
              func::ReturnOp>([&](auto typed) { return convertOp(typed); })
        .Case<graph::AddOp, graph::MultiplyOp>([](Operation *other) {
          return other->emitOpError("has no product to join; the machine adds "
                                    "and multiplies only there (edgellm-fuse)");
        })
        .Default([](Operation *other) {
          return other->emitOpError("has no hardware step");
        });
  }

  LogicalResult convertOp(graph::EmbeddingOp op) {
    if (op.getIds() != function.getArgument(0))
      return op.emitOpError("must look up the function's token ids");
    buffers.map(op.getResult(), alloc(op.getLoc(), bufferFor(op.getResult()),
                                      /*isInput=*/true));
    return success();
  }

  /// The joined operand must lie like the product it joins.
  LogicalResult checkJoin(graph::LinearOp op, Value joined) {
    if (!joined || layoutOf(joined) == layoutOf(op.getResult()))
      return success();
    return op.emitOpError()
           << "joins channels " << layoutOf(joined)
           << " to a product with channels " << layoutOf(op.getResult());
  }

  LogicalResult convertOp(graph::LinearOp op) {
    Value joined = op.getAddend() ? op.getAddend() : op.getMultiplier();
    if (failed(checkJoin(op, joined)))
      return failure();
    ChannelsAttr rows = layoutOf(op.getResult());
    FlatSymbolRefAttr weight = residents.weight(op.getLoc(), op.getWeight(),
                                                rows, layoutOf(op.getInput()));
    FlatSymbolRefAttr bias;
    if (op.getBiasAttr())
      bias = residents.constant(op.getLoc(), *op.getBias(), rows);
    auto epilogue = op.getAddend()       ? accel::Epilogue::add
                    : op.getMultiplier() ? accel::Epilogue::multiply
                                         : accel::Epilogue::none;
    Value output = destinationOf(op.getResult(), op.getLoc());
    accel::VmmOp::create(builder, op.getLoc(), buffers.lookup(op.getInput()),
                         weight.getValue(), bias, epilogue,
                         joined ? buffers.lookup(joined) : Value(),
                         /*argmax=*/false, output, /*slice=*/{}, /*tokens=*/{});
    buffers.map(op.getResult(), output);
    return success();
  }

  /// A norm changes values where they lie, `size` at a time.
  LogicalResult checkNorm(Operation *op, int64_t size) {
    ChannelsAttr input = layoutOf(op->getOperand(0));
    if (input != layoutOf(op->getResult(0)))
      return op->emitOpError() << "takes channels " << input << " and gives "
                               << layoutOf(op->getResult(0));
    if (input.getSize() == size)
      return success();
    return op->emitOpError() << "normalises " << size
                             << " channels at a time, they lie as " << input;
  }

  /// A norm's weight or bias: of one head of the input, arranged like it.
  FlatSymbolRefAttr normConstant(Operation *op, TypedAttr source) {
    ChannelsAttr input = layoutOf(op->getOperand(0));
    return residents.constant(op->getLoc(), source,
                              ChannelsAttr::get(op->getContext(), 1,
                                                input.getSize(),
                                                input.getPairs()));
  }

  LogicalResult convertOp(graph::RMSNormOp op) {
    ArrayRef<int64_t> weight = graph::typeOf(op.getWeight()).getShape();
    if (failed(checkNorm(op, weight.front())))
      return failure();
    Value output = destinationOf(op.getResult(), op.getLoc());
    accel::RMSNormOp::create(builder, op.getLoc(),
                             buffers.lookup(op.getInput()),
                             normConstant(op, op.getWeight()),
                             op.getEpsilonAttr(), output, /*tokens=*/{});
    buffers.map(op.getResult(), output);
    return success();
  }

  LogicalResult convertOp(graph::LayerNormOp op) {
    ArrayRef<int64_t> weight = graph::typeOf(op.getWeight()).getShape();
    if (failed(checkNorm(op, weight.front())))
      return failure();
    Value output = alloc(op.getLoc(), bufferFor(op.getResult()));
    accel::LayerNormOp::create(
        builder, op.getLoc(), buffers.lookup(op.getInput()),
        normConstant(op, op.getWeight()), normConstant(op, op.getBias()),
        op.getEpsilonAttr(), output, /*tokens=*/{});
    buffers.map(op.getResult(), output);
    return success();
  }

  LogicalResult convertOp(graph::RopeOp op) {
    Value output = destinationOf(op.getResult(), op.getLoc());
    accel::RopeOp::create(builder, op.getLoc(), buffers.lookup(op.getInput()),
                          residents.ropeTable(op, program.getContext()), output,
                          /*tokens=*/{});
    buffers.map(op.getResult(), output);
    return success();
  }

  /// Keys and values were written to the caches by the steps that made them.
  LogicalResult checkAppended(graph::AttentionOp op) {
    for (auto [value, cache] : {std::pair(op.getKey(), op.getKeys()),
                                std::pair(op.getValue(), op.getValues())}) {
      auto rows = buffers.lookup(value).getDefiningOp<accel::RowsOp>();
      if (!rows || rows.getSource() != buffers.lookup(cache))
        return op.emitOpError("needs keys and values that nothing else reads, "
                              "made by a linear, rope or rms_norm operator: "
                              "they go to the cache as they are computed");
    }
    if (layoutOf(op.getQuery()).getPairs() == layoutOf(op.getKey()).getPairs())
      return success();
    return op.emitOpError("has queries and keys with different rotations");
  }

  LogicalResult convertOp(graph::AttentionOp op) {
    if (failed(checkAppended(op)))
      return failure();
    Location loc = op.getLoc();
    auto scoresType = BufferType::get(
        builder.getContext(), layoutOf(op.getQuery()).getHeads(),
        program.getContext(), rowsOf(op.getQuery()), accel::Space::ddr);
    Value scores = alloc(loc, scoresType);
    accel::AttentionScoresOp::create(
        builder, loc, buffers.lookup(op.getQuery()),
        buffers.lookup(op.getKeys()), op.getScaleAttr(), scores, /*slice=*/{},
        /*tokens=*/{});
    accel::SoftmaxOp::create(builder, loc, scores, scores, /*tokens=*/{});
    Value output = alloc(loc, bufferFor(op.getResult()));
    accel::AttentionValuesOp::create(builder, loc, scores,
                                     buffers.lookup(op.getValues()), output,
                                     /*slice=*/{}, /*tokens=*/{});
    buffers.map(op.getResult(), output);
    return success();
  }

  LogicalResult convertElementwise(Operation *op, accel::Function function) {
    Value output = alloc(op->getLoc(), bufferFor(op->getResult(0)));
    accel::ActivationOp::create(builder, op->getLoc(), function,
                                buffers.lookup(op->getOperand(0)), output,
                                /*tokens=*/{});
    buffers.map(op->getResult(0), output);
    return success();
  }
  LogicalResult convertOp(graph::SiluOp op) {
    return convertElementwise(op, accel::Function::silu);
  }
  LogicalResult convertOp(graph::GeluOp op) {
    return convertElementwise(op, accel::Function::gelu);
  }

  LogicalResult convertOp(graph::LastTokenOp op) {
    auto first = AffineMap::get(0, 2, tokens() - 1);
    buffers.map(op.getResult(),
                accel::RowsOp::create(builder, op.getLoc(),
                                      bufferFor(op.getResult()),
                                      buffers.lookup(op.getInput()), first));
    return success();
  }

  /// The product that makes the logits also finds the greatest.
  LogicalResult convertOp(graph::ArgmaxOp op) {
    auto linear = op.getInput().getDefiningOp<graph::LinearOp>();
    if (!linear)
      return op.emitOpError("needs the result of a linear operator");
    Value logits = buffers.lookup(op.getInput());
    for (Operation *user : logits.getUsers())
      if (auto vmm = dyn_cast<accel::VmmOp>(user))
        if (vmm.getOutput() == logits)
          vmm.setArgmax(true);
    return success();
  }

  LogicalResult convertOp(func::ReturnOp op) {
    if (op.getNumOperands() == 0 || !buffers.contains(op.getOperand(0)))
      return op.emitOpError("must return logits first");
    accel::ReturnOp::create(builder, op.getLoc(),
                            buffers.lookup(op.getOperand(0)));
    return success();
  }
};

class EdgeLLMToAccelPass
    : public edgellm::impl::EdgeLLMToAccelBase<EdgeLLMToAccelPass> {
public:
  using EdgeLLMToAccelBase::EdgeLLMToAccelBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    accel::ProgramOp program = createProgram(functions);
    if (!program)
      return signalPassFailure();
    Residents residents(program);
    for (func::FuncOp function : functions) {
      if (failed(EntryConverter(function, program, residents).run()))
        return signalPassFailure();
      function.erase();
    }
  }

private:
  /// What the passes ask of the machine, from its JSON file.
  FailureOr<accel::TargetAttr> loadTargetAttr() {
    Target machine;
    if (failed(guarded(getOperation().getLoc(), [&] {
          machine = findTarget(target, shareDirectory() / "targets");
        })))
      return failure();
    return accel::TargetAttr::get(
        &getContext(), machine.name, machine.hbm.ports,
        machine.hbm.portBytes / isa::kPacketBytes,
        machine.ddr ? machine.ddr->bytes / isa::kPacketBytes : 0,
        machine.buffers.activationBits / (8 * isa::kPacketBytes),
        machine.limits.tokens, machine.limits.headSize);
  }

  static LogicalResult checkLimits(ModuleOp module, accel::TargetAttr target,
                                   graph::KVCacheType cache) {
    if (cache.getCapacity() > target.getMaxContext())
      return module.emitError()
             << "context of " << cache.getCapacity() << " tokens, target "
             << target.getName() << " allows " << target.getMaxContext()
             << " (choose a shorter one with --context)";
    if (cache.getHeadSize() > target.getMaxHeadSize())
      return module.emitError()
             << "heads of " << cache.getHeadSize() << " channels, target "
             << target.getName() << " allows " << target.getMaxHeadSize();
    return success();
  }

  static LogicalResult checkPositions(graph::EmbeddingOp embedding,
                                      graph::KVCacheType cache) {
    if (!embedding.getPositions())
      return success();
    int64_t positions =
        graph::typeOf(*embedding.getPositions()).getShape().front();
    if (cache.getCapacity() <= positions)
      return success();
    return embedding.emitOpError()
           << "has " << positions << " positions, the caches hold "
           << cache.getCapacity() << " tokens";
  }

  accel::ProgramOp createProgram(ArrayRef<func::FuncOp> functions) {
    ModuleOp module = getOperation();
    graph::EmbeddingOp embedding;
    graph::KVCacheType cache;
    for (func::FuncOp function : functions) {
      function.walk([&](graph::EmbeddingOp op) { embedding = op; });
      for (Type type : function.getArgumentTypes())
        if (auto found = dyn_cast<graph::KVCacheType>(type))
          cache = found;
    }
    if (!embedding || !cache) {
      module.emitError("has no function with an embedding and a KV cache");
      return {};
    }
    if (failed(checkPositions(embedding, cache)))
      return {};
    FailureOr<accel::TargetAttr> machine = loadTargetAttr();
    if (failed(machine) || failed(checkLimits(module, *machine, cache)))
      return {};
    ArrayRef<int64_t> table = graph::typeOf(embedding.getTable()).getShape();
    auto builder = OpBuilder::atBlockEnd(module.getBody());
    auto program = accel::ProgramOp::create(
        builder, module.getLoc(), *machine, cache.getCapacity(), table[1],
        table[0], IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr(),
        IntegerAttr());
    builder.createBlock(&program.getBody());
    return program;
  }
};

} // namespace
