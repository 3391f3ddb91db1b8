//===- ProgramTranslation.cpp - isa to program and back -------------------===//
#include "EdgeLLM/Translation/ProgramTranslation.h"

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Support/Guard.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

#include <limits>

using namespace mlir;
using namespace edgellm;

//===----------------------------------------------------------------------===//
// isa to program
//===----------------------------------------------------------------------===//

/// The value as the 32 bits that the file has for it.
static uint32_t narrow(StringRef what, uint64_t value) {
  if (value > std::numeric_limits<uint32_t>::max())
    fail(what.str(), " is ", value, ", at most ",
         std::numeric_limits<uint32_t>::max(), " are allowed");
  return uint32_t(value);
}

static LogicalResult appendEntry(isa::EntryOp op, Program &program,
                                 uint32_t &packet) {
  llvm::SmallVector<uint64_t> words;
  for (Operation &instruction : op.getBody().front()) {
    if (failed(isa::appendEncoding(&instruction, words)))
      return failure();
    auto source = instruction.getAttrOfType<StringAttr>("source");
    program.sources.push_back(source ? source.str() : "");
  }
  Entry entry;
  entry.name = op.getName().str();
  entry.firstPacket = packet;
  entry.packets = narrow("entry code", words.size() / isa::kPacketWords);
  entry.instructions =
      narrow("instructions", op.getBody().front().getOperations().size());
  entry.maxTokens = narrow("max_tokens", op.getMaxTokens());
  entry.inputPacket = op.getInput();
  entry.logitsPacket = op.getLogits();
  entry.logitsRows = narrow("logits_rows", op.getLogitsRows());
  program.entries.push_back(entry);
  program.code.insert(program.code.end(), words.begin(), words.end());
  packet += entry.packets;
  return success();
}

FailureOr<Program> edgellm::encodeProgram(isa::ProgramOp op) {
  Program program;
  LogicalResult result = failure();
  LogicalResult checked = guarded(op.getLoc(), [&] {
    program.ports = narrow("ports", op.getPorts());
    program.context = narrow("context", op.getContext());
    program.hidden = narrow("hidden", op.getHidden());
    program.vocabulary = narrow("vocabulary", op.getVocabulary());
    program.ddrPackets = op.getDdrPackets();
    program.hbmPackets = op.getHbmPackets();
    program.chipPackets = op.getChipPackets();
    program.sequencePackets = op.getSequencePackets();
    program.sequences = narrow("sequences", op.getSequences());
    auto entries = op.getOps<isa::EntryOp>();
    // Entries are counted before their code can be placed.
    program.entries.resize(std::distance(entries.begin(), entries.end()));
    uint32_t packet = program.codePacket();
    program.entries.clear();
    for (isa::EntryOp entry : entries)
      if (failed(appendEntry(entry, program, packet)))
        return;
    if (llvm::all_of(program.sources, [](auto &text) { return text.empty(); }))
      program.sources.clear();
    checkProgram(program, "program");
    result = success();
  });
  if (failed(checked) || failed(result))
    return failure();
  return program;
}

static LogicalResult translateToProgram(Operation *root,
                                        llvm::raw_ostream &output) {
  isa::ProgramOp found;
  bool several = false;
  root->walk([&](isa::ProgramOp op) {
    several |= bool(found);
    found = op;
  });
  if (!found || several)
    return root->emitError() << "holds " << (several ? "several" : "no")
                             << " isa.program, expected one";
  FailureOr<Program> program = encodeProgram(found);
  if (failed(program))
    return failure();
  std::vector<std::byte> bytes = serializeProgram(*program);
  output.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  return success();
}

//===----------------------------------------------------------------------===//
// Program to isa
//===----------------------------------------------------------------------===//

static void decodeEntry(OpBuilder builder, const Program &program,
                        const Entry &entry, Location loc) {
  auto op = isa::EntryOp::create(
      builder, loc, builder.getStringAttr(entry.name), entry.maxTokens,
      entry.inputPacket, entry.logitsPacket, entry.logitsRows);
  builder.createBlock(&op.getBody());
  uint32_t index = 0;
  auto build = [&](const auto &instruction) {
    isa::createOp(builder, loc, instruction, program.sourceOf(entry, index++));
  };
  std::span<const uint64_t> code = program.codeOf(entry);
  isa::DecodeError error;
  for (size_t position = 0; position < code.size();)
    // Cannot fail: a Program has been checked.
    position += isa::decodeAndApply(&code[position], code.size() - position,
                                    build, error);
}

OwningOpRef<ModuleOp> edgellm::decodeProgram(const Program &program,
                                             MLIRContext &context) {
  context.loadDialect<isa::ISADialect>();
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto op = isa::ProgramOp::create(
      builder, loc, program.ports, program.context, program.hidden,
      program.vocabulary, program.ddrPackets, program.hbmPackets,
      program.chipPackets, program.sequencePackets, program.sequences);
  builder.createBlock(&op.getBody());
  for (const Entry &entry : program.entries)
    decodeEntry(builder, program, entry, loc);
  return module;
}

static OwningOpRef<Operation *> translateToISA(llvm::SourceMgr &sources,
                                               MLIRContext *context) {
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  Program program;
  LogicalResult result = guarded(UnknownLoc::get(context), [&] {
    llvm::ArrayRef<char> bytes(buffer->getBufferStart(),
                               buffer->getBufferSize());
    program = parseProgram(std::as_bytes(std::span(bytes.data(), bytes.size())),
                           buffer->getBufferIdentifier().str());
  });
  if (failed(result))
    return nullptr;
  OwningOpRef<ModuleOp> module = decodeProgram(program, *context);
  return OwningOpRef<Operation *>(module.release().getOperation());
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

void edgellm::registerProgramTranslations() {
  static TranslateFromMLIRRegistration toProgram(
      "isa-to-program", "isa dialect to a program file", translateToProgram,
      [](DialectRegistry &registry) {
        // A module with an isa.program usually has its accel.program too.
        registry.insert<isa::ISADialect, accel::AccelDialect,
                        graph::EdgeLLMDialect>();
      });
  static TranslateToMLIRRegistration toISA(
      "program-to-isa", "program file to the isa dialect", translateToISA,
      [](DialectRegistry &registry) { registry.insert<isa::ISADialect>(); });
}
