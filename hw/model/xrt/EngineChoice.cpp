//===- EngineChoice.cpp - Which engine is wanted, and where it is ---------===//
#include "Engine.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"

#include <cstdlib>
#include <string_view>

using namespace edgellm;
using namespace edgellm::driver;

bool driver::usesKernels() {
  const char *text = std::getenv(kEngineVariable);
  std::string_view name = text ? text : "model";
  if (name != "model" && name != "hls")
    fail(kEngineVariable, ": found '", name, "', expected model or hls");
  return name == "hls";
}

std::filesystem::path driver::kernelsOf(const std::string &target) {
  std::filesystem::path file =
      libraryDirectory() / "kernels" / ("lib" + target + ".so");
  if (!std::filesystem::exists(file))
    fail("no HLS kernels were built for target ", target, ": ", file.string(),
         " does not exist");
  return file;
}
