//===- Import.cpp - From a checkpoint to the edgellm dialect --------------===//
#include "EdgeLLM/Import/Import.h"

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Support/Error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace edgellm;
using namespace edgellm::graph;

namespace {

/// Builds one function of the model.
class FunctionBuilder {
public:
  FunctionBuilder(ModuleOp module, const Checkpoint &checkpoint,
                  int64_t contextTokens)
      : checkpoint(checkpoint), config(checkpoint.config()),
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

  const Checkpoint &checkpoint;
  const ModelConfig &config;
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

  Type elementType(DType type) {
    if (type == DType::F32)
      return builder.getF32Type();
    if (type == DType::BF16)
      return builder.getBF16Type();
    return builder.getF16Type();
  }

  TypedAttr weight(const std::string &name, std::vector<int64_t> shape) {
    const Tensor &tensor = checkpoint.require(name, shape);
    auto type = RankedTensorType::get(shape, elementType(tensor.dtype));
    return ExternalAttr::get(builder.getContext(), type,
                             tensor.file.filename().string(), name);
  }

  //===--------------------------------------------------------------------===//
  // Operators
  //===--------------------------------------------------------------------===//

  Value norm(Value x, const std::string &name) {
    return RMSNormOp::create(
        builder, locOf(name), x.getType(), x,
        weight(name + ".weight", {config.hidden}),
        builder.getF32FloatAttr(float(config.rmsNormEpsilon)));
  }

  Value linear(Value x, const std::string &name, int64_t outputs,
               bool hasBias) {
    auto input = cast<RankedTensorType>(x.getType());
    TypedAttr bias = hasBias ? weight(name + ".bias", {outputs}) : TypedAttr();
    return LinearOp::create(
        builder, locOf(name), activations(outputs, input.getDimSize(0)), x,
        weight(name + ".weight", {outputs, input.getDimSize(1)}), bias,
        /*addend=*/Value(), /*multiplier=*/Value());
  }

  Value rope(Value x, const std::string &name) {
    return RopeOp::create(builder, locOf(name), x.getType(), x, Pairing::half,
                          config.headSize, config.headSize,
                          llvm::APFloat(config.ropeTheta));
  }

  Value attention(Value x, const std::string &layer, Value keys, Value values) {
    std::string name = layer + ".self_attn";
    int64_t queryWidth = config.heads * config.headSize;
    int64_t keyWidth = config.kvHeads * config.headSize;
    bool bias = config.attentionBias;
    Value q = linear(x, name + ".q_proj", queryWidth, bias);
    q = rope(q, name + ".q_rope");
    Value k = linear(x, name + ".k_proj", keyWidth, bias);
    k = rope(k, name + ".k_rope");
    Value v = linear(x, name + ".v_proj", keyWidth, bias);
    float scale = 1.0f / std::sqrt(float(config.headSize));
    Value mixed =
        AttentionOp::create(builder, locOf(name), q.getType(), q, k, v, keys,
                            values, builder.getF32FloatAttr(scale));
    return linear(mixed, name + ".o_proj", config.hidden, bias);
  }

  Value feedForward(Value x, const std::string &layer) {
    std::string name = layer + ".mlp";
    Value gate = linear(x, name + ".gate_proj", config.intermediate, false);
    gate =
        SiluOp::create(builder, locOf(name + ".act_fn"), gate.getType(), gate);
    Value up = linear(x, name + ".up_proj", config.intermediate, false);
    Value product = MultiplyOp::create(builder, locOf(name + ".multiply"),
                                       up.getType(), gate, up);
    return linear(product, name + ".down_proj", config.hidden, false);
  }

  Value block(Value x, int64_t index) {
    std::string layer = "model.layers." + std::to_string(index);
    Value keys = function.getArgument(1 + 2 * index);
    Value values = function.getArgument(2 + 2 * index);
    Value y =
        attention(norm(x, layer + ".input_layernorm"), layer, keys, values);
    x = AddOp::create(builder, locOf(layer + ".attention_residual"),
                      x.getType(), x, y);
    y = feedForward(norm(x, layer + ".post_attention_layernorm"), layer);
    return AddOp::create(builder, locOf(layer + ".mlp_residual"), x.getType(),
                         x, y);
  }

  Value outputLayer(Value x, int64_t rows) {
    std::string head = config.tiedEmbeddings ? "model.embed_tokens" : "lm_head";
    Value normalised = norm(x, "model.norm");
    return LinearOp::create(
        builder, locOf("lm_head"), activations(config.vocabulary, rows),
        normalised,
        weight(head + ".weight", {config.vocabulary, config.hidden}),
        TypedAttr(), Value(), Value());
  }

  //===--------------------------------------------------------------------===//
  // Functions
  //===--------------------------------------------------------------------===//

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
    Value x =
        EmbeddingOp::create(builder, locOf("model.embed_tokens"),
                            activations(config.hidden), function.getArgument(0),
                            weight("model.embed_tokens.weight",
                                   {config.vocabulary, config.hidden}));
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
static int64_t chooseContext(const Checkpoint &checkpoint,
                             std::optional<uint64_t> wanted) {
  int64_t known = checkpoint.config().context;
  if (!wanted)
    return known;
  if (*wanted == 0 || *wanted > uint64_t(known))
    fail(checkpoint.directory().string(), ": context of ", *wanted,
         " tokens, the model allows 1 to ", known);
  return int64_t(*wanted);
}

OwningOpRef<ModuleOp>
edgellm::importModel(MLIRContext &context, const Checkpoint &checkpoint,
                     std::optional<uint64_t> contextTokens) {
  context.loadDialect<EdgeLLMDialect, func::FuncDialect>();
  int64_t tokens = chooseContext(checkpoint, contextTokens);
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder, builder.getUnknownLoc());
  (*module)->setAttr(EdgeLLMDialect::kCheckpointAttr,
                     builder.getStringAttr(checkpoint.directory().string()));
  FunctionBuilder(*module, checkpoint, tokens).buildGenerate();
  FunctionBuilder(*module, checkpoint, tokens).buildDecode();
  FunctionBuilder(*module, checkpoint, tokens).buildScore();
  return module;
}
