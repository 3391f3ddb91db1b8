//===- Manifest.h - manifest.json of a package ------------------*- C++ -*-===//
#ifndef EDGELLM_PACKAGE_MANIFEST_H
#define EDGELLM_PACKAGE_MANIFEST_H

#include "EdgeLLM/Weights/ChannelMap.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

/// The format this library writes and the only one it reads.
inline constexpr int kPackageFormat = 3;
inline constexpr std::string_view kManifestName = "manifest.json";

/// A file of the package.
struct PackageFile {
  std::string path;  // relative to the package, '/' between its parts
  uint64_t bytes;    // size
  uint64_t checksum; // XXH3, 64 bit, of the whole content

  bool operator==(const PackageFile &) const = default;
};

/// A weight matrix W[outputs, inputs] in the port images.
struct TensorRecord {
  std::string name;      // its name in the checkpoint
  uint64_t outputs;      // rows of W, without padding
  uint64_t inputs;       // columns of W, without padding
  std::string encoding;  // "int4", "int4_2of8", "fp16", ...
  double bitsPerWeight;  // all bits stored for it, scales and padding too
  uint64_t packet;       // weight address: 64-byte offset in every port
  uint64_t bytesPerPort; // bytes in each port image, padding included
  ChannelMap rows;       // where the machine has the output channels of W,
  ChannelMap columns;    // and the input channels
  /// sqrt(sum (w - w')^2 / sum w^2), w' being what the images hold; nothing
  /// where there are no images.
  std::optional<double> relativeError = {};
  /// How the weights were found, "search", "sparsegpt, gptq", as the options of
  /// edgellm-compile call it; empty for FP16 weights, which are as they were.
  std::string method = {};

  bool operator==(const TensorRecord &) const = default;
};

/// Everything manifest.json says. A package either holds the weights, or the
/// program alone: then embedding, ddr and ports are empty, null in the file,
/// and `tensors` says where the weights would lie.
struct Manifest {
  int formatVersion = kPackageFormat;
  std::string toolVersion; // "edgellm-compile 0.1.0"
  std::string target;      // name of the target, "vcu128"
  std::string model;       // name of the model, for people
  std::string weights;     // "int4", "fp16" or "mixed"
  unsigned hidden = 0;     // channels of an embedding row
  unsigned vocabulary = 0; // token ids are 0 .. vocabulary - 1
  unsigned context = 0;    // positions of the KV cache
  unsigned layers = 0;
  std::vector<uint32_t> prefix; // ids that encoding puts before every text
  std::vector<int> eos;         // ids that end a text

  // Names of files of the package. The weights are embedding, positions, ddr
  // and ports.
  std::string program;   // instructions
  std::string embedding; // FP16 [vocabulary][hidden], row-major
  std::string positions; // FP16 [context][hidden], added to it; empty: the
                         // model has none, and no such field
  std::string ddr;       // first bytes of the `ddr` buffer
  std::string tokenizer; // SentencePiece model or tokenizer.json; empty: none
  std::string chat;      // chat template; empty: none
  std::vector<std::string> ports; // weight image of HBM port 0, 1, ...

  std::vector<PackageFile> files;
  std::vector<TensorRecord> tensors;

  bool operator==(const Manifest &) const = default;
  bool hasWeights() const { return !ports.empty(); }
  /// The record of `path`, which must be a name of this manifest.
  const PackageFile &file(std::string_view path) const;
};

/// Reads the text of a manifest. `origin` names it in errors. Throws Error for
/// a field that is missing, unknown, of the wrong type or out of its range, for
/// file names that could leave the package and for records that disagree.
Manifest parseManifest(std::string_view text, const std::string &origin);

/// The text that parseManifest() reads back; an Error when it would not.
std::string formatManifest(const Manifest &manifest, const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_PACKAGE_MANIFEST_H
