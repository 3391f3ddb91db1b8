//===- Import.cpp - From a checkpoint to the edgellm dialect --------------===//
#include "EdgeLLM/Import/Import.h"

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Support/Error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace edgellm;
using namespace edgellm::graph;

/// The name of a part within a part; where one is empty, the other's.
static std::string join(std::string_view whole, std::string_view part) {
  std::string_view dot = whole.empty() || part.empty() ? "" : ".";
  return std::string(whole).append(dot).append(part);
}

namespace {

/// A matrix of the model and where it is: all rows of a tensor, or some.
struct Projection {
  std::string tensor; ///< its name without ".weight" and ".bias"
  int64_t outputs;
  bool bias;
  int64_t firstRow = 0, allRows = 0; ///< in the tensor
};

/// Builds one function of the model.
class FunctionBuilder {
public:
  FunctionBuilder(ModuleOp module, const ModelSource &model,
                  int64_t contextTokens)
      : model(model), config(model.config()), names(config.names),
        contextTokens(contextTokens),
        builder(OpBuilder::atBlockEnd(module.getBody())) {}

  /// Logits of the last new token and the most likely next one.
  void buildGenerate() { buildNext("generate", contextTokens); }

  /// The same for passes of one token, whose activations fit on chip.
  void buildDecode() { buildNext("decode", 1); }

  /// Logits of every new token.
  void buildScore() {
    Value hidden = begin("score", std::min(kScoreTokens, contextTokens));
    finish({outputLayer(hidden, ShapedType::kDynamic)});
  }

private:
  void buildNext(StringRef name, int64_t maxTokens) {
    Value hidden = begin(name, maxTokens);
    hidden = LastTokenOp::create(builder, locOf("last token"),
                                 activations(config.hidden, 1), hidden);
    Value logits = outputLayer(hidden, 1);
    Value next = ArgmaxOp::create(
        builder, locOf("argmax"),
        RankedTensorType::get({1}, builder.getI32Type()), logits);
    finish({logits, next});
  }

  const ModelSource &model;
  const ModelConfig &config;
  const TensorNames &names;
  int64_t contextTokens;
  OpBuilder builder;
  func::FuncOp function;

  //===--------------------------------------------------------------------===//
  // Types and weights
  //===--------------------------------------------------------------------===//

  /// Errors and traces name the part of the model an op came from.
  Location locOf(const Twine &part) {
    return NameLoc::get(builder.getStringAttr(part));
  }

  RankedTensorType activations(int64_t channels,
                               int64_t rows = ShapedType::kDynamic) {
    return RankedTensorType::get({rows, channels}, builder.getF16Type());
  }

  /// Packed types unpack to float32.
  Type elementType(DType type) {
    if (type == DType::F16)
      return builder.getF16Type();
    if (type == DType::BF16)
      return builder.getBF16Type();
    return builder.getF32Type();
  }

  /// A tensor of that shape, or `rows` of one, which make up the shape; the
  /// other way round in the file if it is transposed.
  TypedAttr weight(const std::string &name, std::vector<int64_t> shape,
                   RowRangeAttr rows = {}, bool transposed = false) {
    std::vector<int64_t> whole = shape;
    if (rows)
      whole.front() = rows.getTotal();
    if (transposed)
      std::swap(whole.front(), whole.back());
    ModelSource::Storage storage = model.storageOf(name, whole);
    auto type = RankedTensorType::get(shape, elementType(storage.dtype));
    return ExternalAttr::get(builder.getContext(), type, storage.file, name,
                             rows, transposed);
  }

  TypedAttr vector(const std::string &name, const char *kind, int64_t size) {
    return weight(name + kind, {size});
  }

  /// A tensor outside of the blocks, other than the output layer's.
  std::string tensorName(std::string_view part) {
    return join(names.prefix, part);
  }

  /// Finds the rows of projections of one input: those in the same tensor
  /// follow each other there.
  static void findRows(MutableArrayRef<Projection> projections) {
    llvm::StringMap<int64_t> rows;
    for (Projection &projection : projections) {
      int64_t &next = rows[projection.tensor];
      projection.firstRow = next;
      next += projection.outputs;
    }
    for (Projection &projection : projections)
      projection.allRows = rows[projection.tensor];
  }

  RowRangeAttr rowsOf(const Projection &projection) {
    if (projection.allRows == projection.outputs)
      return {};
    return RowRangeAttr::get(builder.getContext(), projection.firstRow,
                             projection.firstRow + projection.outputs,
                             projection.allRows);
  }

  //===--------------------------------------------------------------------===//
  // Operators
  //===--------------------------------------------------------------------===//

  Value norm(Value x, const std::string &name) {
    TypedAttr scale = vector(name, ".weight", config.hidden);
    FloatAttr epsilon = builder.getF32FloatAttr(float(config.normEpsilon));
    if (config.norm == NormKind::layer)
      return LayerNormOp::create(builder, locOf(name), x.getType(), x, scale,
                                 vector(name, ".bias", config.hidden), epsilon);
    return RMSNormOp::create(builder, locOf(name), x.getType(), x,
                             /*head_size=*/IntegerAttr(), scale, epsilon);
  }

  /// Of each head of queries or keys, if the model has one.
  Value headNorm(Value x, const std::string &name) {
    if (!config.queryKeyNorm)
      return x;
    return RMSNormOp::create(
        builder, locOf(name), x.getType(), x,
        builder.getI64IntegerAttr(config.headSize),
        vector(name, ".weight", config.headSize),
        builder.getF32FloatAttr(float(config.normEpsilon)));
  }

  Value linear(Value x, const Projection &projection) {
    auto input = cast<RankedTensorType>(x.getType());
    int64_t outputs = projection.outputs;
    RowRangeAttr rows = rowsOf(projection);
    TypedAttr matrix =
        weight(projection.tensor + ".weight", {outputs, input.getDimSize(1)},
               rows, config.transposed);
    TypedAttr bias;
    if (projection.bias)
      bias = weight(projection.tensor + ".bias", {outputs}, rows);
    std::string label = projection.tensor + (rows ? rows.getLabel() : "");
    return LinearOp::create(builder, locOf(label),
                            activations(outputs, input.getDimSize(0)), x,
                            matrix, bias, /*addend=*/Value(),
                            /*multiplier=*/Value());
  }

  /// A product that shares its tensor with no other.
  Value linear(Value x, std::string tensor, int64_t outputs, bool bias) {
    Projection projection{std::move(tensor), outputs, bias};
    findRows(projection);
    return linear(x, projection);
  }

  /// If the model has rotary embeddings.
  Value rope(Value x, const std::string &name) {
    if (config.rotary == 0)
      return x;
    Pairing pairing = config.pairing == RotaryPairing::half ? Pairing::half
                                                            : Pairing::adjacent;
    RopeScalingAttr scaling;
    if (config.ropeScaling.kind != RopeScalingKind::none)
      scaling = RopeScalingAttr::get(builder.getContext(), config.ropeScaling);
    return RopeOp::create(builder, locOf(name), x.getType(), x, pairing,
                          config.headSize, config.rotary,
                          llvm::APFloat(config.ropeTheta), scaling);
  }

  Value attention(Value x, const std::string &layer, Value keys, Value values) {
    std::string name = join(layer, names.attention);
    int64_t queryWidth = config.heads * config.headSize;
    int64_t keyWidth = config.kvHeads * config.headSize;
    Projection projections[] = {
        {join(name, names.query), queryWidth, config.qkvBias},
        {join(name, names.key), keyWidth, config.qkvBias},
        {join(name, names.value), keyWidth, config.qkvBias}};
    findRows(projections);
    Value q = linear(x, projections[0]);
    q = headNorm(q, join(name, names.queryNorm));
    q = rope(q, name + ".q_rope");
    Value k = linear(x, projections[1]);
    k = headNorm(k, join(name, names.keyNorm));
    k = rope(k, name + ".k_rope");
    Value v = linear(x, projections[2]);
    float scale = 1.0f / std::sqrt(float(config.headSize));
    Value mixed =
        AttentionOp::create(builder, locOf(name), q.getType(), q, k, v, keys,
                            values, builder.getF32FloatAttr(scale));
    return linear(mixed, join(name, names.attentionOutput), config.hidden,
                  config.attentionOutputBias);
  }

  Value activation(Value x, const std::string &name) {
    Location loc = locOf(name + ".act_fn");
    if (config.activation == ActivationKind::gelu)
      return GeluOp::create(builder, loc, x.getType(), x);
    return SiluOp::create(builder, loc, x.getType(), x);
  }

  /// activation(gate(x)) * up(x)
  Value gatedUp(Value x, const std::string &name) {
    Projection projections[] = {
        {join(name, names.gate), config.intermediate, config.feedForwardBias},
        {join(name, names.up), config.intermediate, config.feedForwardBias}};
    findRows(projections);
    Value gate = activation(linear(x, projections[0]), name);
    Value up = linear(x, projections[1]);
    return MultiplyOp::create(builder, locOf(name + ".multiply"), up.getType(),
                              gate, up);
  }

  Value feedForward(Value x, const std::string &layer) {
    std::string name = join(layer, names.feedForward);
    Value inner =
        config.gated
            ? gatedUp(x, name)
            : activation(linear(x, join(name, names.up), config.intermediate,
                                config.feedForwardBias),
                         name);
    return linear(inner, join(name, names.down), config.hidden,
                  config.feedForwardBias);
  }

  Value block(Value x, int64_t index) {
    std::string layer = join(tensorName(names.blocks), std::to_string(index));
    Value keys = function.getArgument(1 + 2 * index);
    Value values = function.getArgument(2 + 2 * index);
    Value y = attention(norm(x, join(layer, names.attentionNorm)), layer, keys,
                        values);
    x = AddOp::create(builder, locOf(layer + ".attention_residual"),
                      x.getType(), x, y);
    y = feedForward(norm(x, join(layer, names.feedForwardNorm)), layer);
    return AddOp::create(builder, locOf(layer + ".mlp_residual"), x.getType(),
                         x, y);
  }

  Value outputLayer(Value x, int64_t rows) {
    std::string head = config.tiedEmbeddings ? tensorName(names.embedding)
                                             : std::string(names.output);
    Value normalised = norm(x, tensorName(names.finalNorm));
    return LinearOp::create(
        builder, locOf(names.output), activations(config.vocabulary, rows),
        normalised,
        weight(head + ".weight", {config.vocabulary, config.hidden}),
        TypedAttr(), Value(), Value());
  }

  //===--------------------------------------------------------------------===//
  // Functions
  //===--------------------------------------------------------------------===//

  Value embedding() {
    std::string name = tensorName(names.embedding);
    TypedAttr table =
        weight(name + ".weight", {config.vocabulary, config.hidden});
    TypedAttr positions;
    if (!names.positions.empty())
      positions = weight(tensorName(names.positions) + ".weight",
                         {config.context, config.hidden});
    return EmbeddingOp::create(builder, locOf(name), activations(config.hidden),
                               function.getArgument(0), table, positions);
  }

  /// Opens the function and returns the hidden state after all blocks.
  Value begin(StringRef name, int64_t maxTokens) {
    MLIRContext *context = builder.getContext();
    auto ids =
        RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
    SmallVector<Type> arguments{ids};
    arguments.append(2 * config.layers,
                     KVCacheType::get(context, config.kvHeads, contextTokens,
                                      config.headSize));
    function = func::FuncOp::create(builder, locOf(name), name,
                                    builder.getFunctionType(arguments, {}));
    function->setAttr(EdgeLLMDialect::kMaxTokensAttr,
                      builder.getI64IntegerAttr(maxTokens));
    builder.setInsertionPointToStart(function.addEntryBlock());
    Value x = embedding();
    for (int64_t i = 0; i < config.layers; ++i)
      x = block(x, i);
    return x;
  }

  void finish(ValueRange results) {
    func::ReturnOp::create(builder, function.getLoc(), results);
    function.setFunctionType(builder.getFunctionType(
        function.getArgumentTypes(), results.getTypes()));
  }
};

} // namespace

/// The tokens that the caches shall hold.
static int64_t chooseContext(const ModelSource &model,
                             std::optional<uint64_t> wanted) {
  int64_t known = model.config().context;
  if (!wanted)
    return known;
  const std::string &reason = model.config().contextReason;
  if (*wanted == 0 || *wanted > uint64_t(known))
    fail(model.path().string(), ": context of ", *wanted,
         " tokens, the model allows 1 to ", known,
         reason.empty() ? "" : " (" + reason + ")");
  return int64_t(*wanted);
}

OwningOpRef<ModuleOp>
edgellm::importModel(MLIRContext &context, const ModelSource &model,
                     std::optional<uint64_t> contextTokens) {
  context.loadDialect<EdgeLLMDialect, func::FuncDialect>();
  int64_t tokens = chooseContext(model, contextTokens);
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder, builder.getUnknownLoc());
  (*module)->setAttr(EdgeLLMDialect::kCheckpointAttr,
                     builder.getStringAttr(model.directory().string()));
  FunctionBuilder(*module, model, tokens).buildGenerate();
  FunctionBuilder(*module, model, tokens).buildDecode();
  FunctionBuilder(*module, model, tokens).buildScore();
  return module;
}
