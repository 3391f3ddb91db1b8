//===- UnitSetText.cpp - Sets of units in IR text -------------------------===//
#include "EdgeLLM/Dialect/Request/UnitSetText.h"

using namespace mlir;
using namespace edgellm;
using isa::Unit;

FailureOr<isa::Set<Unit>> edgellm::parseUnitSet(AsmParser &parser) {
  isa::Set<Unit> set;
  auto parseUnit = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    for (unsigned i = 0; i < isa::kUnits; ++i)
      if (name == nameOf(Unit(i))) {
        set.insert(Unit(i));
        return success();
      }
    return parser.emitError(loc)
           << "'" << name
           << "' is no unit; there are matrix, attention, vector and dma";
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseUnit))
    return failure();
  return set;
}

void edgellm::printUnitSet(AsmPrinter &printer, isa::Set<Unit> set) {
  printer << '<';
  const char *separator = "";
  for (unsigned i = 0; i < isa::kUnits; ++i)
    if (set.contains(Unit(i))) {
      printer << separator << nameOf(Unit(i));
      separator = ", ";
    }
  printer << '>';
}
