//===- Compile.cpp - From a checkpoint to a package -----------------------===//
#include "EdgeLLM/Compile/Compile.h"

#include "AutoStrategy.h"
#include "EdgeLLM/Import/Import.h"
#include "EdgeLLM/Runtime/ChatTemplate.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"
#include "EdgeLLM/Translation/ProgramTranslation.h"
#include "Images.h"
#include "PassRunner.h"

using namespace mlir;
using namespace edgellm;
namespace fs = std::filesystem;

template <typename Op> static Op only(ModuleOp module) {
  return *module.getOps<Op>().begin();
}

namespace {

/// A model all the way down to instructions; needs no weights.
class Compilation {
public:
  Compilation(const ModelSource &model, const CompileOptions &options);

  /// Finds the strategy for a goal, if the options have one.
  void chooseStrategy(const Checkpoint &checkpoint, const Progress &progress);
  /// Decides about weights and, on the calibration text, compresses what needs
  /// one.
  void calibrate(const Checkpoint &checkpoint, const Progress &progress);
  const CalibratedWeights &calibratedWeights() const { return calibrated; }
  /// Decides about weights, unless that is done, and goes on to the program,
  /// which the functions below need.
  void lower();

  /// What the program keeps in memory.
  accel::ProgramOp program() const { return only<accel::ProgramOp>(*module); }

  /// Embeddings and, if the model has them, positions: what the host looks up.
  TypedAttr embeddings() const { return embeddingTable; }
  TypedAttr positions() const { return positionTable; }

  /// Writes program.bin. Returns everything of the manifest that has nothing to
  /// do with files of weights.
  Manifest writeProgram(PackageWriter &package) const;

private:
  void decide();
  Manifest describe() const;

  const ModelSource &model;
  CompileOptions options;
  bool decided = false;
  MLIRContext context;
  DiagnosticCollector diagnostics;
  OwningOpRef<ModuleOp> module;
  TypedAttr embeddingTable, positionTable;
  CalibratedWeights calibrated;
  Program binary;
};

} // namespace

static DialectRegistry dialects() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compilation::Compilation(const ModelSource &model,
                         const CompileOptions &options)
    : model(model), options(options), context(dialects()),
      diagnostics(context) {
  context.printOpOnDiagnostic(false); // it may be a whole module
  // The layout of channels is asked for before anything is lowered to it.
  context.loadDialect<accel::AccelDialect>();
  module = importModel(context, model, options.context);
  // Nothing of them is left in the program.
  module->walk([&](graph::EmbeddingOp op) {
    embeddingTable = op.getTable();
    positionTable = op.getPositions().value_or(TypedAttr());
  });
}

void Compilation::decide() {
  if (!decided)
    runPasses(*module, buildGraphPipeline, options);
  decided = true;
}

void Compilation::chooseStrategy(const Checkpoint &checkpoint,
                                 const Progress &progress) {
  if (options.tokensPerSecond || options.maxPerplexityIncrease)
    options.strategy =
        formatStrategy(searchStrategy(*module, checkpoint, options, progress));
}

void Compilation::calibrate(const Checkpoint &checkpoint,
                            const Progress &progress) {
  decide();
  if (!needsCalibration(*module))
    return;
  if (options.calibration.empty())
    fail("--prune=wanda, --prune=sparsegpt and --quantize=gptq need a text: "
         "--calibration FILE");
  calibrated =
      edgellm::calibrate(*module, checkpoint, options.calibration, progress);
}

void Compilation::lower() {
  decide();
  runPasses(*module, buildMachinePipeline, options);
  FailureOr<Program> encoded = encodeProgram(only<isa::ProgramOp>(*module));
  if (failed(encoded))
    diagnostics.raise();
  binary = std::move(*encoded);
}

/// "int4", "fp16" or "mixed".
static std::string formatsOf(accel::ProgramOp program) {
  bool anyInt4 = false, anyHalf = false;
  for (accel::WeightOp weight : program.getOps<accel::WeightOp>())
    (weight.getFormat() == accel::WeightFormat::fp16 ? anyHalf : anyInt4) =
        true;
  return anyInt4 && anyHalf ? "mixed" : anyInt4 ? "int4" : "fp16";
}

Manifest Compilation::describe() const {
  const ModelConfig &config = model.config();
  Manifest manifest;
  manifest.toolVersion = "edgellm-compile " + std::string(toolVersion());
  manifest.target = program().getTarget().getName().str();
  manifest.model = model.name();
  manifest.weights = formatsOf(program());
  manifest.hidden = unsigned(config.hidden);
  manifest.vocabulary = unsigned(config.vocabulary);
  manifest.context = unsigned(program().getContext());
  manifest.layers = unsigned(config.layers);
  manifest.eos = config.eosTokens;
  manifest.tensors = tensorTable(program());
  return manifest;
}

Manifest Compilation::writeProgram(PackageWriter &package) const {
  Manifest manifest = describe();
  manifest.program = "program.bin";
  package.addFile(manifest.program).write(serializeProgram(binary));
  if (options.strategy.starts_with('{'))
    package.addFile("strategy.json")
        .write(std::as_bytes(std::span(options.strategy)));
  return manifest;
}

static std::span<const std::byte> bytesOf(const std::string &text) {
  return std::as_bytes(std::span(text));
}

/// Adds the tokenizer, if there is one, and the chat template that the model is
/// known to follow.
static void addTokenizer(const Checkpoint &checkpoint,
                         const std::optional<TokenizerFile> &file,
                         PackageWriter &package, Manifest &manifest) {
  if (!file)
    return;
  manifest.tokenizer = file->name;
  manifest.prefix = file->prefix;
  package.addFile(file->name).write(bytesOf(file->content));
  std::optional<std::string> chat = recogniseChatTemplate(
      chatTemplateDirectory(), checkpoint.config().modelType,
      Tokenizer(bytesOf(file->content), file->name, file->prefix),
      readChatScript(checkpoint));
  if (!chat)
    return;
  manifest.chat = "chat.json";
  package.addFile(manifest.chat).write(bytesOf(*chat));
}

static void compileProgram(const fs::path &path, const fs::path &destination,
                           const CompileOptions &options) {
  ModelShapes model = ModelShapes::open(path);
  Compilation compilation(model, options);
  compilation.lower();
  PackageWriter package(destination);
  package.finish(compilation.writeProgram(package));
}

static void compileWhole(const fs::path &path, const fs::path &destination,
                         const CompileOptions &options,
                         const Progress &progress) {
  Checkpoint checkpoint = Checkpoint::open(path);
  // First, so that a tokenizer that is not supported costs no time.
  std::optional<TokenizerFile> tokenizer = readTokenizerFile(checkpoint);
  Compilation compilation(checkpoint, options);
  compilation.chooseStrategy(checkpoint, progress);
  compilation.calibrate(checkpoint, progress);
  compilation.lower();
  accel::ProgramOp program = compilation.program();
  PackageWriter package(destination);
  Manifest manifest = compilation.writeProgram(package);
  manifest.ddr = "ddr.bin";
  manifest.embedding = "embedding.bin";
  writeDDRImage(program, checkpoint, package.addFile(manifest.ddr));
  writeRows(compilation.embeddings(), manifest.vocabulary, checkpoint,
            package.addFile(manifest.embedding));
  if (compilation.positions()) {
    manifest.positions = "positions.bin";
    writeRows(compilation.positions(), manifest.context, checkpoint,
              package.addFile(manifest.positions));
  }
  writePortImages(program, checkpoint, compilation.calibratedWeights(), package,
                  manifest, progress);
  addTokenizer(checkpoint, tokenizer, package, manifest);
  package.finish(std::move(manifest));
}

/// A goal decides densities by itself, on a text.
static void checkGoals(const CompileOptions &options) {
  bool speed = options.tokensPerSecond.has_value();
  bool quality = options.maxPerplexityIncrease.has_value();
  if (!speed && !quality)
    return;
  const char *goal =
      speed ? "--tokens-per-second" : "--max-perplexity-increase";
  if (speed && quality)
    fail(goal, " and --max-perplexity-increase: expected one of them");
  if (options.programOnly)
    fail(goal, " measures weights, --program-only has none");
  if (options.calibration.empty())
    fail(goal, " needs a text: --calibration FILE");
  if (!options.strategy.empty() || options.density != "8/8" ||
      options.weights != "int4")
    fail(goal, " chooses densities itself: expected neither --strategy nor "
               "--density nor --weights=fp16");
}

void edgellm::compilePackage(const fs::path &checkpoint,
                             const fs::path &package,
                             const CompileOptions &options,
                             const Progress &progress) {
  checkGoals(options);
  if (options.programOnly)
    compileProgram(checkpoint, package, options);
  else
    compileWhole(checkpoint, package, options, progress);
}
