//===- Engine.cpp - What executes the device model's runs -----------------===//
#include "Engine.h"

#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Support/Error.h"

#include <dlfcn.h>

using namespace edgellm;
using namespace edgellm::driver;

/// From a module that stays loaded: runs may go on when the card is closed.
static Engine loadKernels(const std::string &target) {
  std::string file = kernelsOf(target).string();
  void *module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  void *symbol = module ? ::dlsym(module, kKernelsSymbol) : nullptr;
  if (!symbol)
    fail("the HLS kernels cannot be loaded: ", ::dlerror());
  return reinterpret_cast<Engine>(symbol);
}

Engine driver::engineFor(const std::string &target) {
  if (usesKernels())
    return loadKernels(target);
  return &model::execute;
}
