//===- AccelDialect.cpp - Types, attributes and registration --------------===//
#include "EdgeLLM/Dialect/Accel/IR/Accel.h"

#include "EdgeLLM/Dialect/Request/RequestExpr.h"
#include "EdgeLLM/Weights/ChannelMap.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edgellm::accel;

#include "EdgeLLM/Dialect/Accel/IR/AccelDialect.cpp.inc"
#include "EdgeLLM/Dialect/Accel/IR/AccelEnums.cpp.inc"
#include "EdgeLLM/Dialect/Accel/IR/AccelInterfaces.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelAttrs.cpp.inc"

void AccelDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "EdgeLLM/Dialect/Accel/IR/AccelTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "EdgeLLM/Dialect/Accel/IR/AccelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "EdgeLLM/Dialect/Accel/IR/AccelOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// !accel.buffer
//===----------------------------------------------------------------------===//

Type BufferType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t heads, channels;
  AffineExpr rows;
  if (parser.parseLess() || parser.parseInteger(heads) ||
      parser.parseKeyword("x") || parser.parseInteger(channels) ||
      parser.parseComma() || parseRequestExpr(parser, rows) ||
      parser.parseComma())
    return {};
  FailureOr<Space> space = FieldParser<Space>::parse(parser);
  if (failed(space) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    heads, channels, rows, *space);
}

void BufferType::print(AsmPrinter &printer) const {
  printer << '<' << getHeads() << " x " << getChannels() << ", ";
  printRequestExpr(printer.getStream(), getRows());
  printer << ", " << stringifySpace(getSpace()) << '>';
}

LogicalResult BufferType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t heads, int64_t channels,
                                 AffineExpr rows, Space) {
  if (heads <= 0 || channels <= 0 || channels > kMaxChannels ||
      heads > kMaxChannels / channels)
    return emitError() << "buffer of " << heads << " x " << channels
                       << " channels: allowed are 1 to " << kMaxChannels
                       << " in all";
  if (!toField(rows))
    return emitError() << "buffer rows are no constant plus a multiple of one "
                          "request register";
  return success();
}

//===----------------------------------------------------------------------===//
// #accel.channels
//===----------------------------------------------------------------------===//

LogicalResult ChannelsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t heads, int64_t size, int64_t pairs) {
  ChannelMap map{heads, size, std::max(size, int64_t(1)), pairs};
  if (const char *problem = map.problem())
    return emitError() << "channels " << heads << " x " << size << ", pairs "
                       << pairs << ": " << problem;
  return success();
}

//===----------------------------------------------------------------------===//
// #accel.target
//===----------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name, int64_t ports,
                                 int64_t portPackets, int64_t ddrPackets,
                                 int64_t chipPackets, int64_t maxContext,
                                 int64_t maxHeadSize) {
  if (ports != 8 && ports != 16 && ports != 32)
    return emitError() << "target " << name << " has " << ports
                       << " ports, allowed are 8, 16 and 32";
  if (portPackets < 0 || ddrPackets < 0 || chipPackets < 0 || maxContext < 1 ||
      maxHeadSize < 1)
    return emitError() << "target " << name << " has a size out of range";
  return success();
}
