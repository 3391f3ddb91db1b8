//===- RequestExpr.cpp - Sizes that depend on the request -----------------===//
#include "EdgeLLM/Dialect/Request/RequestExpr.h"

#include "mlir/IR/AffineExprVisitor.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using edgellm::isa::Request;

AffineExpr edgellm::getTokens(MLIRContext *context) {
  return getAffineSymbolExpr(0, context);
}

AffineExpr edgellm::getPast(MLIRContext *context) {
  return getAffineSymbolExpr(1, context);
}

AffineExpr edgellm::getConstant(MLIRContext *context, int64_t value) {
  return getAffineConstantExpr(value, context);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

ParseResult edgellm::parseRequestExpr(AsmParser &parser, AffineExpr &result) {
  MLIRContext *context = parser.getContext();
  return failure(parser.parseLess() ||
                 parser.parseAffineExpr({{"tokens", getTokens(context)},
                                         {"past", getPast(context)}},
                                        result) ||
                 parser.parseGreater());
}

void edgellm::printRequestExpr(llvm::raw_ostream &os, AffineExpr expr) {
  // AffineExpr prints its symbols as s0 and s1; no other name holds an 's'
  // followed by a digit.
  std::string text;
  llvm::raw_string_ostream(text) << expr;
  llvm::StringRef rest = text;
  os << '<';
  while (!rest.empty()) {
    if (rest.consume_front("s0"))
      os << "tokens";
    else if (rest.consume_front("s1"))
      os << "past";
    else {
      os << rest.front();
      rest = rest.drop_front();
    }
  }
  os << '>';
}

//===----------------------------------------------------------------------===//
// Values and fields
//===----------------------------------------------------------------------===//

/// None for a division by less than one and for what overflows.
static std::optional<int64_t> combine(AffineExprKind kind, int64_t lhs,
                                      int64_t rhs) {
  int64_t result;
  switch (kind) {
  case AffineExprKind::Add:
    return llvm::AddOverflow(lhs, rhs, result) ? std::nullopt
                                               : std::optional(result);
  case AffineExprKind::Mul:
    return llvm::MulOverflow(lhs, rhs, result) ? std::nullopt
                                               : std::optional(result);
  default:
    break;
  }
  if (rhs < 1)
    return std::nullopt;
  switch (kind) {
  case AffineExprKind::Mod:
    return llvm::mod(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(lhs, rhs);
  default:
    return std::nullopt;
  }
}

/// In numbers alone: MLIR keeps every constant that an expression ever had, and
/// finds those of many trailing zeros, as addresses are, ever more slowly.
static std::optional<int64_t> tryEvaluate(AffineExpr expr, int64_t tokens,
                                          int64_t past) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition() == 0 ? tokens : past;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<int64_t> lhs = tryEvaluate(binary.getLHS(), tokens, past);
  std::optional<int64_t> rhs = tryEvaluate(binary.getRHS(), tokens, past);
  if (!lhs || !rhs)
    return std::nullopt;
  return combine(expr.getKind(), *lhs, *rhs);
}

int64_t edgellm::evaluate(AffineExpr expr, int64_t tokens, int64_t past) {
  return *tryEvaluate(expr, tokens, past);
}

AffineExpr edgellm::fromField(const isa::Affine &field, MLIRContext *context) {
  AffineExpr tokens = getTokens(context), past = getPast(context);
  AffineExpr value = getConstant(context, 0);
  switch (field.request) {
  case Request::zero:
    break;
  case Request::tokens:
    value = tokens;
    break;
  case Request::past:
    value = past;
    break;
  case Request::context:
    value = tokens + past;
    break;
  case Request::tokens_rounded:
    value = tokens.ceilDiv(isa::kLanes) * isa::kLanes;
    break;
  case Request::context_rounded:
    value = (tokens + past).ceilDiv(isa::kLanes) * isa::kLanes;
    break;
  }
  return value * field.factor + field.offset;
}

std::optional<edgellm::isa::Affine> edgellm::toField(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return isa::Affine{constant.getValue(), 0, Request::zero};
  // With offset and factor read off at two requests, the register is the one
  // whose expression is equal after simplification.
  MLIRContext *context = expr.getContext();
  // 32 past tokens or 32 new ones are exact multiples for every register.
  AffineExpr target = simplifyAffineExpr(expr, 0, 2);
  std::optional<int64_t> atZero = tryEvaluate(expr, 0, 0);
  std::optional<int64_t> at32Tokens = tryEvaluate(expr, 32, 0);
  std::optional<int64_t> at32Past = tryEvaluate(expr, 0, 32);
  if (!atZero || !at32Tokens || !at32Past)
    return std::nullopt;
  for (uint64_t i = 0; i < isa::kRequests; ++i) {
    Request request = Request(i);
    bool usesTokens =
        request == Request::tokens || request == Request::tokens_rounded;
    int64_t step, factor = 0;
    if (llvm::SubOverflow(usesTokens ? *at32Tokens : *at32Past, *atZero, step))
      return std::nullopt;
    if (request != Request::zero)
      factor = step / 32;
    if ((factor == 0) != (request == Request::zero))
      continue;
    isa::Affine field{*atZero, factor, request};
    if (simplifyAffineExpr(fromField(field, context), 0, 2) == target)
      return field;
  }
  return std::nullopt;
}
