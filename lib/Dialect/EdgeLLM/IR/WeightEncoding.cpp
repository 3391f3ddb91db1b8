//===- WeightEncoding.cpp - Encodings as the packer knows them ------------===//
#include "EdgeLLM/Dialect/EdgeLLM/IR/WeightEncoding.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::graph;

// The dialect's methods are those of the packer, number for number.
template <typename Left, typename Right>
static constexpr bool isSame(Left left, Right right) {
  return int(left) == int(right);
}
static_assert(isSame(graph::PruneMethod::magnitude,
                     edgellm::PruneMethod::magnitude) &&
              isSame(graph::PruneMethod::wanda, edgellm::PruneMethod::wanda) &&
              isSame(graph::PruneMethod::sparsegpt,
                     edgellm::PruneMethod::sparsegpt));
static_assert(isSame(graph::QuantizeMethod::round_to_nearest,
                     edgellm::QuantizeMethod::roundToNearest) &&
              isSame(graph::QuantizeMethod::scale_search,
                     edgellm::QuantizeMethod::scaleSearch) &&
              isSame(graph::QuantizeMethod::gptq,
                     edgellm::QuantizeMethod::gptq));

Attribute edgellm::graph::encodingOf(const MatrixChoice &choice,
                                     MLIRContext *context) {
  if (choice.fp16)
    return {};
  const Compression &compression = choice.compression;
  Builder builder(context);
  auto quant = BlockQuantAttr::get(context, builder.getIntegerType(4),
                                   kQuantBlock, builder.getF16Type(),
                                   graph::QuantizeMethod(compression.quantize));
  if (compression.keep == kPruneGroup)
    return quant;
  return BlockSparseAttr::get(context, compression.keep, kPruneGroup,
                              graph::PruneMethod(compression.prune), quant,
                              choice.paddedIndex);
}

MatrixChoice edgellm::graph::choiceOf(Attribute encoding) {
  MatrixChoice choice;
  choice.fp16 = !encoding;
  if (auto sparse = dyn_cast_or_null<BlockSparseAttr>(encoding)) {
    choice.compression.keep = unsigned(sparse.getKeep());
    choice.compression.prune = edgellm::PruneMethod(sparse.getMethod());
    choice.paddedIndex = sparse.getPadded();
    encoding = sparse.getQuant();
  }
  if (auto quant = dyn_cast_or_null<BlockQuantAttr>(encoding))
    choice.compression.quantize = edgellm::QuantizeMethod(quant.getMethod());
  return choice;
}
