//===- RopeScaling.cpp - Stretched rotary embeddings in the IR ------------===//
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/IR/DialectImplementation.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace edgellm;
using edgellm::graph::RopeScalingAttr;

llvm::hash_code edgellm::hash_value(const RopeScaling &scaling) {
  auto bits = [](double value) { return llvm::bit_cast<uint64_t>(value); };
  return llvm::hash_combine(scaling.kind, bits(scaling.factor),
                            bits(scaling.original), bits(scaling.low),
                            bits(scaling.high), bits(scaling.attention),
                            scaling.truncate);
}

static constexpr std::pair<StringLiteral, RopeScalingKind> kScalingKinds[] = {
    {"linear", RopeScalingKind::linear},
    {"llama3", RopeScalingKind::llama3},
    {"yarn", RopeScalingKind::yarn},
};

namespace {

struct ScalingNumber {
  StringLiteral name;
  double RopeScaling::*field;
};

} // namespace

/// A kind has the first few of these.
static constexpr ScalingNumber kScalingNumbers[] = {
    {"factor", &RopeScaling::factor},
    {"original", &RopeScaling::original},
    {"low", &RopeScaling::low},
    {"high", &RopeScaling::high},
    {"attention", &RopeScaling::attention},
};

static ArrayRef<ScalingNumber> numbersOf(RopeScalingKind kind) {
  ArrayRef<ScalingNumber> all(kScalingNumbers);
  if (kind == RopeScalingKind::linear)
    return all.take_front(1);
  return kind == RopeScalingKind::llama3 ? all.drop_back() : all;
}

static ParseResult parseKind(AsmParser &parser, RopeScalingKind &kind) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  for (auto [name, known] : kScalingKinds)
    if (name == keyword) {
      kind = known;
      return success();
    }
  return parser.emitError(loc, "expected linear, llama3 or yarn");
}

static ParseResult parseTruncate(AsmParser &parser, bool &truncate) {
  truncate = succeeded(parser.parseOptionalKeyword("true"));
  return truncate ? success() : parser.parseKeyword("false");
}

Attribute RopeScalingAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  RopeScaling scaling;
  if (parser.parseLess() || parseKind(parser, scaling.kind))
    return {};
  for (const ScalingNumber &number : numbersOf(scaling.kind))
    if (parser.parseComma() || parser.parseKeyword(number.name) ||
        parser.parseEqual() || parser.parseFloat(scaling.*number.field))
      return {};
  if (scaling.kind == RopeScalingKind::yarn &&
      (parser.parseComma() || parser.parseKeyword("truncate") ||
       parser.parseEqual() || parseTruncate(parser, scaling.truncate)))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    scaling);
}

void RopeScalingAttr::print(AsmPrinter &printer) const {
  const RopeScaling &scaling = getScaling();
  for (auto [name, kind] : kScalingKinds)
    if (kind == scaling.kind)
      printer << '<' << name;
  for (const ScalingNumber &number : numbersOf(scaling.kind)) {
    printer << ", " << number.name << " = ";
    printer.printFloat(llvm::APFloat(scaling.*number.field));
  }
  if (scaling.kind == RopeScalingKind::yarn)
    printer << ", truncate = " << (scaling.truncate ? "true" : "false");
  printer << '>';
}

/// What depends on theta is checked by the op that has both.
LogicalResult
RopeScalingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        RopeScaling scaling) {
  constexpr double anyTheta = 10000;
  if (scaling.kind == RopeScalingKind::none)
    return emitError() << "rope_scaling of no kind";
  if (const char *problem = scaling.problem(anyTheta))
    return emitError() << "rope_scaling: " << problem;
  return success();
}
