//===- Compile.cpp - From a checkpoint to a package -----------------------===//
#include "EdgeLLM/Compile/Compile.h"

#include "EdgeLLM/Import/Import.h"
#include "EdgeLLM/Pipeline/Pipeline.h"
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"
#include "EdgeLLM/Translation/ProgramTranslation.h"
#include "Images.h"

using namespace mlir;
using namespace edgellm;
namespace fs = std::filesystem;

namespace {

/// Collects the compiler's diagnostics into one line for an Error.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure();
          append(diagnostic);
          return success();
        }) {}

  [[noreturn]] void raise() const {
    fail(text.empty() ? "compilation failed" : text);
  }

private:
  std::string text;
  ScopedDiagnosticHandler handler;

  void append(Diagnostic &diagnostic) {
    if (!text.empty())
      text += "; ";
    if (auto name = llvm::dyn_cast<NameLoc>(diagnostic.getLocation()))
      text += name.getName().str() + ": ";
    text += diagnostic.str();
    for (Diagnostic &note : diagnostic.getNotes())
      text += "; " + note.str();
  }
};

} // namespace

template <typename Op> static Op only(ModuleOp module) {
  return *module.getOps<Op>().begin();
}

namespace {

/// A model all the way down to instructions; needs no weights.
class Compilation {
public:
  Compilation(const ModelSource &model, const CompileOptions &options);

  /// Compresses on the calibration text what needs one.
  void calibrate(const Checkpoint &checkpoint, const Progress &progress);
  const CalibratedWeights &calibratedWeights() const { return calibrated; }
  /// From the edgellm dialect to the program, which the functions below need.
  void lower();

  /// What the program keeps in memory.
  accel::ProgramOp program() const { return only<accel::ProgramOp>(*module); }

  /// Writes program.bin. Returns everything of the manifest that has nothing to
  /// do with files of weights.
  Manifest writeProgram(PackageWriter &package) const;

private:
  using PipelineBuilder = void (*)(OpPassManager &, const PipelineOptions &);
  void runPasses(PipelineBuilder build);
  Manifest describe() const;

  const ModelSource &model;
  const CompileOptions &options;
  MLIRContext context;
  DiagnosticCollector diagnostics;
  OwningOpRef<ModuleOp> module;
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
  module = importModel(context, model, options.context);
  runPasses(buildGraphPipeline);
}

void Compilation::calibrate(const Checkpoint &checkpoint,
                            const Progress &progress) {
  if (!needsCalibration(*module))
    return;
  if (options.calibration.empty())
    fail("--prune=wanda, --prune=sparsegpt and --quantize=gptq need a text: "
         "--calibration FILE");
  calibrated =
      edgellm::calibrate(*module, checkpoint, options.calibration, progress);
}

void Compilation::lower() {
  runPasses(buildMachinePipeline);
  FailureOr<Program> encoded = encodeProgram(only<isa::ProgramOp>(*module));
  if (failed(encoded))
    diagnostics.raise();
  binary = std::move(*encoded);
}

void Compilation::runPasses(PipelineBuilder build) {
  PipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.weights = options.weights;
  pipeline.density = options.density;
  pipeline.prune = options.prune;
  pipeline.quantize = options.quantize;
  pipeline.strategy = options.strategy;
  PassManager passes(&context);
  build(passes, pipeline);
  if (failed(passes.run(*module)))
    diagnostics.raise();
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
  manifest.model = fs::canonical(model.directory()).filename().string();
  manifest.weights = formatsOf(program());
  manifest.hidden = unsigned(config.hidden);
  manifest.vocabulary = unsigned(config.vocabulary);
  manifest.context = unsigned(program().getContext());
  manifest.layers = unsigned(config.layers);
  manifest.bos = config.bosToken;
  manifest.eos = config.eosTokens;
  manifest.addBos = addsBos(model.directory(), config.bosToken);
  manifest.tensors = tensorTable(program());
  return manifest;
}

Manifest Compilation::writeProgram(PackageWriter &package) const {
  Manifest manifest = describe();
  manifest.program = "program.bin";
  package.addFile(manifest.program).write(serializeProgram(binary));
  return manifest;
}

/// Copies the tokenizer when the checkpoint has one that the runtime reads.
static void addTokenizer(const Checkpoint &checkpoint, PackageWriter &package,
                         Manifest &manifest) {
  fs::path file = checkpoint.directory() / "tokenizer.model";
  if (!fs::exists(file))
    return;
  manifest.tokenizer = "tokenizer.model";
  package.addFile(manifest.tokenizer).write(MappedFile(file).bytes());
}

static void compileProgram(const fs::path &path, const fs::path &destination,
                           const CompileOptions &options) {
  ModelShapes model = ModelShapes::open(path);
  Compilation compilation(model, options);
  compilation.lower();
  PackageWriter package(destination);
  package.finish(compilation.writeProgram(package));
}

static void compileWhole(const fs::path &directory, const fs::path &destination,
                         const CompileOptions &options,
                         const Progress &progress) {
  Checkpoint checkpoint = Checkpoint::open(directory);
  Compilation compilation(checkpoint, options);
  compilation.calibrate(checkpoint, progress);
  compilation.lower();
  accel::ProgramOp program = compilation.program();
  PackageWriter package(destination);
  Manifest manifest = compilation.writeProgram(package);
  manifest.ddr = "ddr.bin";
  manifest.embedding = "embedding.bin";
  writeDDRImage(program, checkpoint, package.addFile(manifest.ddr));
  writeEmbedding(checkpoint, package.addFile(manifest.embedding));
  writePortImages(program, checkpoint, compilation.calibratedWeights(), package,
                  manifest, progress);
  addTokenizer(checkpoint, package, manifest);
  package.finish(std::move(manifest));
}

void edgellm::compilePackage(const fs::path &checkpoint,
                             const fs::path &package,
                             const CompileOptions &options,
                             const Progress &progress) {
  if (options.programOnly)
    compileProgram(checkpoint, package, options);
  else
    compileWhole(checkpoint, package, options, progress);
}
