//===- EdgeLLMDialect.cpp - Types, attributes and registration ------------===//
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace edgellm::graph;

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMDialect.cpp.inc"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMEnums.cpp.inc"

/// The end of a block_sparse: nothing or ", padded".
static ParseResult parsePadded(AsmParser &parser, bool &padded) {
  padded = succeeded(parser.parseOptionalComma());
  return padded ? parser.parseKeyword("padded") : success();
}

static void printPadded(AsmPrinter &printer, bool padded) {
  if (padded)
    printer << ", padded";
}

/// ", rows <0 to 4 of 8>" and ", transposed", if they are there.
static ParseResult parsePart(AsmParser &parser, RowRangeAttr &rows,
                             bool &transposed) {
  transposed = false;
  while (succeeded(parser.parseOptionalComma())) {
    if (!rows && !transposed &&
        succeeded(parser.parseOptionalKeyword("rows"))) {
      if (parser.parseCustomAttributeWithFallback(rows))
        return failure();
    } else if (transposed || parser.parseKeyword("transposed")) {
      return failure();
    } else {
      transposed = true;
    }
  }
  return success();
}

static void printPart(AsmPrinter &printer, RowRangeAttr rows, bool transposed) {
  if (rows) {
    printer << ", rows ";
    printer.printStrippedAttrOrType(rows);
  }
  if (transposed)
    printer << ", transposed";
}

#define GET_TYPEDEF_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMAttrs.cpp.inc"

void EdgeLLMDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMOps.cpp.inc"
      >();
}

LogicalResult EdgeLLMDialect::verifyOperationAttribute(Operation *op,
                                                       NamedAttribute named) {
  StringRef name = named.getName();
  if (name == kCheckpointAttr) {
    if (isa<ModuleOp>(op) && isa<StringAttr>(named.getValue()))
      return success();
    return op->emitError() << name << " is a string on the module";
  }
  if (name == kMaxTokensAttr) {
    auto value = dyn_cast<IntegerAttr>(named.getValue());
    if (isa<FunctionOpInterface>(op) && value &&
        value.getType().isSignlessInteger(64) && isChannelCount(value.getInt()))
      return success();
    return op->emitError() << name << " is an i64 from 1 to " << kMaxCount
                           << " on a function";
  }
  return op->emitError() << "unknown attribute " << name;
}

TypedAttr edgellm::graph::withEncoding(TypedAttr weight, Attribute encoding) {
  RankedTensorType type = typeOf(weight);
  auto encoded =
      RankedTensorType::get(type.getShape(), type.getElementType(), encoding);
  if (auto external = dyn_cast<ExternalAttr>(weight))
    return ExternalAttr::get(encoded.getContext(), encoded, external.getFile(),
                             external.getTensor(), external.getRows(),
                             external.getTransposed());
  return cast<DenseElementsAttr>(weight).reshape(encoded);
}

//===----------------------------------------------------------------------===//
// !edgellm.kv_cache
//===----------------------------------------------------------------------===//

Type KVCacheType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t heads, capacity, headSize;
  if (parser.parseLess() || parser.parseInteger(heads) ||
      parser.parseKeyword("x") || parser.parseInteger(capacity) ||
      parser.parseKeyword("x") || parser.parseInteger(headSize) ||
      parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    heads, capacity, headSize);
}

void KVCacheType::print(AsmPrinter &printer) const {
  printer << '<' << getHeads() << " x " << getCapacity() << " x "
          << getHeadSize() << '>';
}

LogicalResult KVCacheType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t heads, int64_t capacity,
                                  int64_t headSize) {
  if (isChannelCount(heads) && isChannelCount(capacity) &&
      isChannelCount(headSize) && heads <= kMaxCount / headSize)
    return success();
  return emitError() << "kv_cache of " << heads << " x " << capacity << " x "
                     << headSize << ": allowed are 1 to " << kMaxCount
                     << " tokens and as many channels";
}

//===----------------------------------------------------------------------===//
// #edgellm.rows and #edgellm.external
//===----------------------------------------------------------------------===//

LogicalResult RowRangeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t first, int64_t last, int64_t total) {
  if (0 <= first && first < last && last <= total)
    return success();
  return emitError() << "rows " << first << " to " << last << " of " << total
                     << ": expected 0 <= first < last <= total";
}

std::string RowRangeAttr::getLabel() const {
  return llvm::formatv("[{0}:{1}]", getFirst(), getLast());
}

LogicalResult ExternalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   Type type, StringRef, StringRef tensor,
                                   RowRangeAttr rows, bool transposed) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  if (transposed && !(shaped && shaped.getRank() == 2))
    return emitError() << "tensor '" << tensor
                       << "' is transposed, the type is " << type
                       << ", expected a matrix";
  if (!rows || (shaped && shaped.getRank() > 0 &&
                shaped.getDimSize(0) == rows.getLast() - rows.getFirst()))
    return success();
  return emitError() << "rows " << rows.getFirst() << " to " << rows.getLast()
                     << " of tensor '" << tensor << "' are "
                     << rows.getLast() - rows.getFirst() << ", the type is "
                     << type;
}

std::string ExternalAttr::getLabel() const {
  return getTensor().str() + (getRows() ? getRows().getLabel() : "");
}

SmallVector<int64_t> ExternalAttr::getTensorShape() const {
  SmallVector<int64_t> shape(cast<RankedTensorType>(getType()).getShape());
  if (RowRangeAttr rows = getRows())
    shape.front() = rows.getTotal();
  if (getTransposed())
    std::swap(shape[0], shape[1]);
  return shape;
}

//===----------------------------------------------------------------------===//
// #edgellm.block_quant
//===----------------------------------------------------------------------===//

LogicalResult
BlockQuantAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                       Type element, int64_t block, Type scale,
                       QuantizeMethod) {
  if (element.isInteger(4) && block == 128 && scale.isF16())
    return success();
  return emitError() << "block_quant<" << element << ", " << block << ", "
                     << scale << ">: the machine has i4, 128, f16 alone";
}

//===----------------------------------------------------------------------===//
// #edgellm.block_sparse
//===----------------------------------------------------------------------===//

LogicalResult
BlockSparseAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t keep, int64_t group, PruneMethod,
                        BlockQuantAttr, bool padded) {
  if (group != 8 || (keep != 4 && keep != 2 && keep != 1))
    return emitError() << "block_sparse<" << keep << " of " << group
                       << ">: the machine keeps 4, 2 or 1 of 8, and 8 of 8 is "
                          "block_quant alone";
  if (padded && keep != 1)
    return emitError() << "block_sparse<" << keep << " of " << group
                       << ", padded>: addresses are padded at 1 of 8 alone";
  return success();
}
