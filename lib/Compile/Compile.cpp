//===- Compile.cpp - From a checkpoint to a package -----------------------===//
#include "EdgeLLM/Compile/Compile.h"

#include "EdgeLLM/Import/Import.h"
#include "EdgeLLM/Pipeline/Pipeline.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
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

/// Runs all passes on the module.
static void runPasses(ModuleOp module, const CompileOptions &options,
                      const DiagnosticCollector &diagnostics) {
  PipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.weights = options.weights;
  pipeline.method = options.method;
  PassManager passes(module.getContext());
  buildPipeline(passes, pipeline);
  if (failed(passes.run(module)))
    diagnostics.raise();
}

/// Whether prompts start with the model's `bos`. The format's default for the
/// tokenizers of this family is yes.
static bool addsBos(const fs::path &directory, int bos) {
  fs::path file = directory / "tokenizer_config.json";
  if (bos < 0 || !fs::exists(file))
    return bos >= 0;
  constexpr size_t limit = size_t(1) << 24;
  nlohmann::json root = parseJson(readTextFile(file, limit), file.string());
  JsonObject config(root, file.string());
  if (!config.has("add_bos_token") || config.take("add_bos_token").is_null())
    return true;
  return config.boolean("add_bos_token");
}

/// Everything of the manifest that does not come from the images.
static Manifest describe(const Checkpoint &checkpoint,
                         const CompileOptions &options,
                         accel::ProgramOp program) {
  const ModelConfig &config = checkpoint.config();
  Manifest manifest;
  manifest.toolVersion = "edgellm-compile " + std::string(toolVersion());
  manifest.target = program.getTarget().getName().str();
  manifest.model = fs::canonical(checkpoint.directory()).filename().string();
  manifest.weights = options.weights;
  manifest.hidden = unsigned(config.hidden);
  manifest.vocabulary = unsigned(config.vocabulary);
  manifest.context = unsigned(program.getContext());
  manifest.layers = unsigned(config.layers);
  manifest.bos = config.bosToken;
  manifest.eos = config.eosTokens;
  manifest.addBos = addsBos(checkpoint.directory(), config.bosToken);
  manifest.program = "program.bin";
  manifest.embedding = "embedding.bin";
  manifest.ddr = "ddr.bin";
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

template <typename Op> static Op only(ModuleOp module) {
  return *module.getOps<Op>().begin();
}

void edgellm::compilePackage(const fs::path &directory,
                             const fs::path &destination,
                             const CompileOptions &options,
                             const Progress &progress) {
  Checkpoint checkpoint = Checkpoint::open(directory);
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false); // it may be a whole module
  DiagnosticCollector diagnostics(context);
  OwningOpRef<ModuleOp> module =
      importModel(context, checkpoint, options.context);
  runPasses(*module, options, diagnostics);
  FailureOr<Program> binary = encodeProgram(only<isa::ProgramOp>(*module));
  if (failed(binary))
    diagnostics.raise();

  auto program = only<accel::ProgramOp>(*module);
  PackageWriter package(destination);
  Manifest manifest = describe(checkpoint, options, program);
  package.addFile(manifest.program).write(serializeProgram(*binary));
  writeDDRImage(program, checkpoint, package.addFile(manifest.ddr));
  writeEmbedding(checkpoint, package.addFile(manifest.embedding));
  writePortImages(program, checkpoint, package, manifest, progress);
  addTokenizer(checkpoint, package, manifest);
  package.finish(std::move(manifest));
}
