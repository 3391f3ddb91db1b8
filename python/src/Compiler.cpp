//===- Compiler.cpp - edgellm._compiler: the compiler in Python -----------===//
//
// A module of its own, loaded at the first use: LLVM takes longer to load than
// all the rest.
//
//===----------------------------------------------------------------------===//
#include "Binding.h"
#include "EdgeLLM/Compile/Arguments.h"

using namespace edgellm;
using namespace edgellm::python;

/// Compiles outside the lock of the interpreter; progress is told inside it.
static void compile(const std::string &checkpoint, const std::string &package,
                    const std::vector<std::string> &given,
                    const py::object &progress) {
  CompileArguments arguments;
  parseOptions(compileOptions(arguments), given);
  py::gil_scoped_release unlocked;
  compilePackage(checkpoint, package, makeOptions(arguments),
                 [&](const char *phase, uint64_t done, uint64_t total) {
                   py::gil_scoped_acquire locked;
                   checkSignals();
                   if (!progress.is_none())
                     progress(phase, done, total);
                 });
}

PYBIND11_MODULE(_compiler, module) {
  translateErrors();
  module.def("compile", compile);
  module.def("options", [] {
    CompileArguments arguments;
    return namesOf(compileOptions(arguments));
  });
}
