//===- Listing.cpp - What a package holds ---------------------------------===//
#include "Listing.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace edgellm;
using namespace edgellm::inspect;
using nlohmann::ordered_json;

namespace {

/// What the tensors add up to.
struct Totals {
  uint64_t weights = 0, bytes = 0;
  double bitsPerWeight() const {
    return weights ? 8.0 * double(bytes) / double(weights) : 0;
  }
};

} // namespace

static Totals totalsOf(const PackedModel &model) {
  Totals totals;
  for (const TensorRecord &tensor : model.manifest().tensors) {
    totals.weights += tensor.outputs * tensor.inputs;
    totals.bytes += tensor.bytesPerPort * model.program.ports;
  }
  return totals;
}

/// The first byte of a tensor in every port.
static uint64_t firstByte(const TensorRecord &tensor) {
  return tensor.packet * 64;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

template <typename... Values>
static std::string formatted(const char *format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string edgellm::inspect::shownBytes(uint64_t bytes) {
  const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = double(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  return unit == 0 ? std::to_string(bytes) + " B"
                   : formatted("%.1f %s", value, units[unit]);
}

static std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

static std::string shapeText(const TensorRecord &tensor) {
  return "[" + std::to_string(tensor.outputs) + ", " +
         std::to_string(tensor.inputs) + "]";
}

static std::string tensorLine(const TensorRecord &tensor, size_t nameWidth) {
  std::string error = tensor.relativeError
                          ? formatted("%.5f", *tensor.relativeError)
                          : std::string("–      ");
  return padded(tensor.name, nameWidth) + "  " + padded(shapeText(tensor), 15) +
         padded(tensor.encoding, 16) +
         formatted(" %6.3f  ", tensor.bitsPerWeight) + error +
         formatted("  0x%08llx  0x%08llx\n",
                   static_cast<unsigned long long>(firstByte(tensor)),
                   static_cast<unsigned long long>(firstByte(tensor) +
                                                   tensor.bytesPerPort));
}

static std::string tensorTable(const PackedModel &model) {
  size_t nameWidth = 6;
  for (const TensorRecord &tensor : model.manifest().tensors)
    nameWidth = std::max(nameWidth, tensor.name.size());
  std::string text = padded("tensor", nameWidth) +
                     "  [out, in]      encoding           bits  error    "
                     "bytes of every port\n";
  for (const TensorRecord &tensor : model.manifest().tensors)
    text += tensorLine(tensor, nameWidth);
  return text;
}

static std::string fileTable(const PackedModel &model) {
  std::string text = "files\n";
  for (const PackageFile &file : model.manifest().files)
    text += formatted("  %016llx  %14llu  ",
                      static_cast<unsigned long long>(file.checksum),
                      static_cast<unsigned long long>(file.bytes)) +
            file.path + "\n";
  return text;
}

std::string edgellm::inspect::listingText(const PackedModel &model) {
  const Manifest &manifest = model.manifest();
  Totals totals = totalsOf(model);
  return manifest.model + " (" + manifest.weights + ") for " + manifest.target +
         ", " + std::to_string(model.program.ports) + " ports, by " +
         manifest.toolVersion + (manifest.hasWeights() ? "" : ", no weights") +
         "\n\n" + tensorTable(model) + "\n" +
         formatted("%zu tensors, %llu weights, ", manifest.tensors.size(),
                   static_cast<unsigned long long>(totals.weights)) +
         shownBytes(totals.bytes) +
         formatted(", %.3f bits a weight\n\n", totals.bitsPerWeight()) +
         fileTable(model);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static ordered_json tensorJson(const TensorRecord &tensor) {
  return {{"name", tensor.name},
          {"shape", {tensor.outputs, tensor.inputs}},
          {"encoding", tensor.encoding},
          {"bits_per_weight", tensor.bitsPerWeight},
          {"method", tensor.method.empty() ? ordered_json()
                                           : ordered_json(tensor.method)},
          {"relative_error", tensor.relativeError
                                 ? ordered_json(*tensor.relativeError)
                                 : ordered_json()},
          {"port_range",
           {firstByte(tensor), firstByte(tensor) + tensor.bytesPerPort}}};
}

std::string edgellm::inspect::listingJson(const PackedModel &model) {
  const Manifest &manifest = model.manifest();
  Totals totals = totalsOf(model);
  ordered_json root = {{"model", manifest.model},
                       {"target", manifest.target},
                       {"weights", manifest.weights},
                       {"tool_version", manifest.toolVersion},
                       {"has_weights", manifest.hasWeights()},
                       {"ports", model.program.ports},
                       {"tensors", ordered_json::array()},
                       {"total_weights", totals.weights},
                       {"total_bytes", totals.bytes},
                       {"total_bits_per_weight", totals.bitsPerWeight()},
                       {"files", ordered_json::array()}};
  for (const TensorRecord &tensor : manifest.tensors)
    root["tensors"].push_back(tensorJson(tensor));
  for (const PackageFile &file : manifest.files)
    root["files"].push_back(
        {{"path", file.path},
         {"bytes", file.bytes},
         {"xxh3_64", formatted("%016llx", static_cast<unsigned long long>(
                                              file.checksum))}});
  return root.dump(2) + "\n";
}
