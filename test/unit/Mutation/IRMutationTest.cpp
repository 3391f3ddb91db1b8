//===- IRMutationTest.cpp - Whatever the IR, no pass crashes --------------===//
//
// The inputs of the compiler's tests with a few words changed, through parser,
// verifiers, printer, translation and all passes. Each must end in a result or
// in a diagnostic: libMLIR cannot be instrumented for a fuzzer, so this is what
// stands in for one.
//
//===----------------------------------------------------------------------===//
#include "../Testing.h"
#include "EdgeLLM/Pipeline/Pipeline.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Translation/ProgramTranslation.h"
#include "TextMutator.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <cstdlib>
#include <deque>
#include <set>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace edgellm;
using namespace edgellm::testing;
namespace fs = std::filesystem;

namespace {

/// What is wrong about how a text was taken; empty when nothing is.
using Complaint = std::string;

//===----------------------------------------------------------------------===//
// One text
//===----------------------------------------------------------------------===//

/// Every pass by itself, in the order of the pipeline.
constexpr const char *kStages[] = {"edgellm-sparsify{density=4/8}",
                                   "edgellm-quantize",
                                   "edgellm-fuse",
                                   "edgellm-to-accel{target=tiny}",
                                   "accel.program(accel-verify-layout-free)",
                                   "accel.program(accel-schedule)",
                                   "accel.program(accel-plan-memory)",
                                   "accel.program(accel-synchronize)",
                                   "accel-to-isa"};

/// Takes one text through everything that reads it.
class Compiler {
public:
  Compiler() {
    registerPasses();
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading();
    context.getDiagEngine().registerHandler(
        [this](mlir::Diagnostic &) { ++diagnostics; });
    for (const char *stage : kStages)
      add(stage);
    add("edgellm-pipeline{target=tiny}");
    add("edgellm-pipeline{target=tiny on-chip=false chains=false}");
  }

  Complaint take(const std::string &text) {
    diagnostics = 0;
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return complaintAbout(true, "parsing");
    if (Complaint complaint = printAndParse(*module); !complaint.empty())
      return complaint;
    if (Complaint complaint = translate(*module); !complaint.empty())
      return complaint;
    for (mlir::PassManager &pipeline : pipelines)
      if (Complaint complaint = run(pipeline, *module); !complaint.empty())
        return complaint;
    return "";
  }

  /// What a text becomes stage by stage; nothing when it is not valid.
  std::vector<std::string> stagesOf(const std::string &text) {
    std::vector<std::string> stages;
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (module)
      stages.push_back(textOf(*module));
    for (size_t i = 0; module && i < std::size(kStages); ++i)
      if (succeeded(pipelines[i].run(*module)))
        stages.push_back(textOf(*module));
    return stages;
  }

private:
  void add(const char *pipeline) {
    pipelines.emplace_back(&context);
    if (failed(mlir::parsePassPipeline(pipeline, pipelines.back())))
      throw std::runtime_error(std::string(pipeline) + ": no such pipeline");
  }

  static std::string textOf(mlir::ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    return text;
  }

  /// Who fails says why.
  Complaint complaintAbout(bool failed, const char *what) {
    return failed && diagnostics == 0
               ? std::string(what) + " failed without a diagnostic"
               : "";
  }

  Complaint printAndParse(mlir::ModuleOp module) {
    std::string text = textOf(module);
    if (mlir::parseSourceString<mlir::ModuleOp>(text, &context))
      return "";
    return "what was printed does not parse:\n" + text;
  }

  Complaint translate(mlir::ModuleOp module) {
    Complaint complaint;
    module.walk([&](isa::ProgramOp op) {
      diagnostics = 0;
      llvm::FailureOr<Program> program = encodeProgram(op);
      complaint += complaintAbout(failed(program), "translation");
      if (succeeded(program) &&
          failed(mlir::verify(*decodeProgram(*program, context))))
        complaint += "a program gave isa that is not valid";
    });
    return complaint;
  }

  Complaint run(mlir::PassManager &pipeline, mlir::ModuleOp module) {
    mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
    diagnostics = 0;
    return complaintAbout(failed(pipeline.run(*copy)), "a pass");
  }

  mlir::MLIRContext context;
  std::deque<mlir::PassManager> pipelines; // they cannot be moved
  unsigned diagnostics = 0;
};

//===----------------------------------------------------------------------===//
// Many texts, each of which may crash
//===----------------------------------------------------------------------===//

/// The parts of the tests' inputs that `// -----` separates.
std::vector<std::string> readInputs() {
  std::vector<std::string> inputs;
  for (const auto &file :
       fs::recursive_directory_iterator(EDGELLM_LIT_INPUTS)) {
    if (file.path().extension() != ".mlir")
      continue;
    std::string text = readFile(file.path());
    for (size_t end = 0; end != text.npos;) {
      end = text.find("// -----");
      inputs.push_back(text.substr(0, end));
      text.erase(0, end == text.npos ? end : text.find('\n', end));
    }
  }
  return inputs;
}

class IRMutations : public ::testing::Test {
protected:
  /// Mutant number n is number n / inputs of input n % inputs.
  std::string mutant(size_t number) const {
    return mutators[number % mutators.size()].mutate(number);
  }

  /// Takes the mutants from *next on in a process of its own, which a crash, a
  /// hang or too much memory ends. *next is then the one that was it.
  int takeApart(size_t count, size_t *next) {
    constexpr unsigned seconds = 10;
    constexpr rlimit memory = {rlim_t(4) << 30, rlim_t(4) << 30};
    pid_t child = ::fork();
    if (child == 0) {
      ::setrlimit(RLIMIT_AS, &memory);
      Compiler compiler;
      for (; *next < count; ++*next) {
        ::alarm(seconds);
        Complaint complaint = compiler.take(mutant(*next));
        if (complaint.empty())
          continue;
        std::fprintf(stderr, "%s\n", complaint.c_str());
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  /// Of the valid inputs, and of what the passes make of them.
  std::vector<TextMutator> mutators = [] {
    std::set<std::string> texts; // in an order that no folder decides
    Compiler compiler;
    for (const std::string &input : readInputs())
      for (std::string &stage : compiler.stagesOf(input))
        texts.insert(std::move(stage));
    return std::vector<TextMutator>(texts.begin(), texts.end());
  }();
};

/// How the process ended, in words.
std::string endOf(int status) {
  if (!WIFSIGNALED(status))
    return "exit code " + std::to_string(WEXITSTATUS(status));
  std::string name = ::strsignal(WTERMSIG(status));
  return WTERMSIG(status) == SIGALRM ? "a hang" : name;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

TEST_F(IRMutations, InputsAreTakenAsTheyAre) {
  Compiler compiler;
  ASSERT_GT(readInputs().size(), 50u);
  for (const std::string &input : readInputs())
    EXPECT_EQ(compiler.take(input), "") << input;
}

TEST_F(IRMutations, EndInAResultOrADiagnostic) {
  const char *wanted = std::getenv("EDGELLM_MUTANTS");
  size_t count = wanted ? std::strtoull(wanted, nullptr, 10) : 5000;
  void *shared = ::mmap(nullptr, sizeof(size_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  size_t *next = new (shared) size_t(0);
  unsigned failures = 0;
  while (*next < count && failures < 5) {
    int status = takeApart(count, next);
    if (status == 0)
      break;
    ++failures;
    ADD_FAILURE() << endOf(status) << " at mutant " << *next << ":\n"
                  << mutant(*next);
    ++*next;
  }
  ::munmap(shared, sizeof(size_t));
}

} // namespace
