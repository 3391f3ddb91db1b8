//===- manifest.cpp - manifest.json of a package --------------------------===//
#include "EdgeLLM/Package/Manifest.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    Manifest manifest = parseManifest(fuzz::textOf(data, size), "f");
    // Throws when it does not read back.
    try {
      formatManifest(manifest, "again");
    } catch (const Error &error) {
      fuzz::require(false, error.what());
    }
  });
  return 0;
}
