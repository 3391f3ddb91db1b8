//===- Manifest.cpp - manifest.json of a package --------------------------===//
#include "EdgeLLM/Package/Manifest.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

using namespace edgellm;
using nlohmann::json;

// Ranges wide enough for every model and machine in sight, narrow enough that
// no product of two of them overflows 64 bits.
static constexpr uint64_t kMaxExtent = uint64_t(1) << 24;
static constexpr uint64_t kMaxContext = uint64_t(1) << 20;
static constexpr uint64_t kMaxBytes = uint64_t(1) << 48;
static constexpr size_t kMaxPorts = 256;
/// Of a relative error, which is 1 where nothing is left of a matrix.
static constexpr double kMaxError = 1000;

const PackageFile &Manifest::file(std::string_view path) const {
  auto found = std::ranges::find(files, path, &PackageFile::path);
  if (found == files.end())
    fail("'", path, "' is no file of the package");
  return *found;
}

//===----------------------------------------------------------------------===//
// File names and checksums
//===----------------------------------------------------------------------===//

/// True for "a/b.bin": relative, and every part an ordinary name, so that no
/// manifest can make a program open a file outside of its package.
static bool isPlainPath(std::string_view path) {
  if (path.empty() || path.find('\\') != path.npos || path.back() == '/')
    return false;
  while (!path.empty()) {
    size_t end = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..")
      return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

static bool isPlainName(std::string_view name) {
  return isPlainPath(name) && name.find('/') == name.npos;
}

static std::string formatChecksum(uint64_t checksum) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(checksum));
  return text;
}

static uint64_t takeChecksum(JsonObject &object, std::string_view key) {
  std::string text = object.string(key);
  uint64_t checksum;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, checksum, 16);
  // Comparing with the canonical form refuses other lengths and cases.
  if (error != std::errc() || stop != end || formatChecksum(checksum) != text)
    object.failField(key, text, "16 lower-case hexadecimal digits");
  return checksum;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Reads one text into one Manifest, from the outermost object down.
class ManifestReader {
public:
  ManifestReader(const json &root, const std::string &origin)
      : top(root, origin), origin(origin) {}

  Manifest read();

private:
  void readModel();
  std::vector<uint32_t> readIds(std::string_view key);
  void readTokens();
  void readFiles();
  void readRoles();
  void readWeightFiles();
  void readPorts();
  void checkTable(const std::string &path, const char *what, uint64_t rows);
  void readTensors();
  TensorRecord readTensor(JsonObject record, uint64_t imageBytes);
  std::string fileName(std::string_view key);
  void requireListed(std::string_view field, const std::string &path);
  uint64_t smallestPortImage() const;

  JsonObject top;
  const std::string &origin;
  Manifest manifest;
};

} // namespace

Manifest ManifestReader::read() {
  const json &version = top.take("format_version");
  if (!isIntegerBetween(version, kPackageFormat, kPackageFormat))
    top.failField("format_version", version,
                  std::to_string(kPackageFormat) +
                      ", the only format this version reads");
  manifest.formatVersion = kPackageFormat;
  readModel();
  readTokens();
  readFiles();
  readRoles();
  readWeightFiles();
  readTensors();
  top.finish();
  return std::move(manifest);
}

void ManifestReader::readModel() {
  manifest.toolVersion = top.string("tool_version");
  manifest.target = top.string("target");
  if (!isPlainName(manifest.target))
    top.failField("target", manifest.target, "a target's name without '/'");
  manifest.model = top.string("model");
  manifest.weights = top.string("weights");
  std::set<std::string_view> formats = {"int4", "fp16", "mixed"};
  if (!formats.contains(manifest.weights))
    top.failField("weights", manifest.weights, "int4, fp16 or mixed");
  manifest.hidden = unsigned(top.integer("hidden", 1, kMaxExtent));
  manifest.vocabulary = unsigned(top.integer("vocabulary", 1, kMaxExtent));
  manifest.context = unsigned(top.integer("context", 1, kMaxContext));
  manifest.layers = unsigned(top.integer("layers", 1, kMaxExtent));
}

/// Token ids of this model.
std::vector<uint32_t> ManifestReader::readIds(std::string_view key) {
  uint64_t last = manifest.vocabulary - 1;
  std::vector<uint32_t> ids;
  for (const json &id : top.array(key)) {
    if (!isIntegerBetween(id, 0, last))
      top.failField(key, id, "a token id from 0 to " + std::to_string(last));
    ids.push_back(id.get<uint32_t>());
  }
  return ids;
}

void ManifestReader::readTokens() {
  manifest.prefix = readIds("prefix");
  std::vector<uint32_t> eos = readIds("eos");
  manifest.eos.assign(eos.begin(), eos.end());
}

void ManifestReader::readFiles() {
  size_t count = top.array("files").size();
  std::set<std::string> seen;
  for (size_t i = 0; i < count; ++i) {
    JsonObject record = top.element("files", i);
    PackageFile file;
    file.path = record.string("path");
    if (!isPlainPath(file.path) || file.path == kManifestName)
      record.failField("path", file.path,
                       "a relative file name without '..' inside the package");
    if (!seen.insert(file.path).second)
      record.failField("path", file.path, "each file once");
    file.bytes = record.integer("bytes", 0, kMaxBytes);
    file.checksum = takeChecksum(record, "xxh3_64");
    record.finish();
    manifest.files.push_back(std::move(file));
  }
}

void ManifestReader::requireListed(std::string_view field,
                                   const std::string &path) {
  if (std::ranges::find(manifest.files, path, &PackageFile::path) ==
      manifest.files.end())
    top.failField(field, path, "a path that field 'files' lists");
}

std::string ManifestReader::fileName(std::string_view key) {
  std::string path = top.string(key);
  requireListed(key, path);
  return path;
}

void ManifestReader::readRoles() {
  manifest.program = fileName("program");
  if (!top.take("tokenizer").is_null())
    manifest.tokenizer = fileName("tokenizer");
  if (!top.take("chat").is_null())
    manifest.chat = fileName("chat");
}

/// All of them, or none in a package that holds the program alone.
void ManifestReader::readWeightFiles() {
  bool hasPositions = top.has("positions");
  if (top.take("ports").is_null()) {
    if (hasPositions)
      top.failField("positions", top.take("positions"),
                    "no such field, as field 'ports' is null: no weights");
    for (const char *key : {"ddr", "embedding"})
      if (const json &found = top.take(key); !found.is_null())
        top.failField(key, found, "null, as field 'ports' is: no weights");
    return;
  }
  readPorts();
  manifest.ddr = fileName("ddr");
  manifest.embedding = fileName("embedding");
  checkTable(manifest.embedding, "vocabulary", manifest.vocabulary);
  if (!hasPositions)
    return;
  manifest.positions = fileName("positions");
  checkTable(manifest.positions, "context", manifest.context);
}

/// FP16 [rows][hidden].
void ManifestReader::checkTable(const std::string &path, const char *what,
                                uint64_t rows) {
  uint64_t found = manifest.file(path).bytes;
  uint64_t expected = rows * manifest.hidden * 2;
  if (found != expected)
    fail(origin, ": file '", path, "': found ", found, " bytes, expected ",
         expected, " (", what, " ", rows, " x hidden ", manifest.hidden,
         " x 2)");
}

void ManifestReader::readPorts() {
  const json &ports = top.array("ports", 1);
  if (ports.size() > kMaxPorts)
    top.failField("ports", ports.size(),
                  "at most " + std::to_string(kMaxPorts) + " files");
  std::set<std::string> seen;
  for (const json &port : ports) {
    if (!isPlainString(port))
      top.failField("ports", port, "a file name");
    std::string path = port.get<std::string>();
    requireListed("ports", path);
    if (!seen.insert(path).second)
      top.failField("ports", port, "each file once");
    manifest.ports.push_back(std::move(path));
  }
}

uint64_t ManifestReader::smallestPortImage() const {
  uint64_t smallest = kMaxBytes;
  for (const std::string &port : manifest.ports)
    smallest = std::min(smallest, manifest.file(port).bytes);
  return smallest;
}

void ManifestReader::readTensors() {
  size_t count = top.array("tensors").size();
  uint64_t imageBytes = smallestPortImage();
  for (size_t i = 0; i < count; ++i)
    manifest.tensors.push_back(
        readTensor(top.element("tensors", i), imageBytes));
}

/// [groups, size, padded, pairs] of `channels` channels.
static ChannelMap readMap(JsonObject &record, std::string_view key,
                          uint64_t channels) {
  const json &found = record.array(key);
  bool isValid = found.size() == 4;
  for (const json &number : found)
    isValid = isValid && isIntegerBetween(number, 0, kMaxExtent);
  if (!isValid)
    record.failField(
        key, found,
        "[groups, size, padded, pairs], each an integer from 0 to " +
            std::to_string(kMaxExtent));
  ChannelMap map{found[0].get<int64_t>(), found[1].get<int64_t>(),
                 found[2].get<int64_t>(), found[3].get<int64_t>()};
  if (const char *problem = map.problem())
    record.failField(key, found,
                     std::string("a map of channels, whose ") + problem);
  if (uint64_t(map.sourceChannels()) != channels)
    record.failField(key, found,
                     "groups x size of " + std::to_string(channels) +
                         ", as field 'shape' says");
  return map;
}

TensorRecord ManifestReader::readTensor(JsonObject record,
                                        uint64_t imageBytes) {
  TensorRecord tensor;
  tensor.name = record.string("name");
  const json &shape = record.array("shape");
  if (shape.size() != 2 || !isIntegerBetween(shape[0], 1, kMaxExtent) ||
      !isIntegerBetween(shape[1], 1, kMaxExtent))
    record.failField("shape", shape,
                     "[outputs, inputs], each an integer from 1 to " +
                         std::to_string(kMaxExtent));
  tensor.outputs = shape[0].get<uint64_t>();
  tensor.inputs = shape[1].get<uint64_t>();
  tensor.encoding = record.string("encoding");
  tensor.bitsPerWeight = record.number("bits_per_weight", 0, 1 << 16);
  tensor.packet = record.integer("packet", 0, imageBytes / 64);
  tensor.bytesPerPort =
      record.integer("bytes_per_port", 1, imageBytes - tensor.packet * 64);
  tensor.rows = readMap(record, "rows", tensor.outputs);
  tensor.columns = readMap(record, "columns", tensor.inputs);
  if (record.has("method"))
    tensor.method = record.string("method");
  if (record.has("relative_error"))
    tensor.relativeError = record.number("relative_error", 0, kMaxError);
  record.finish();
  return tensor;
}

Manifest edgellm::parseManifest(std::string_view text,
                                const std::string &origin) {
  json root = parseJson(text, origin);
  return ManifestReader(root, origin).read();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

using ordered = nlohmann::ordered_json;

/// Null for a file that the package does not have.
static ordered nameOrNull(const std::string &name) {
  return name.empty() ? ordered() : ordered(name);
}

static ordered formatFiles(const Manifest &manifest) {
  ordered files = ordered::array();
  for (const PackageFile &file : manifest.files)
    files.push_back({{"path", file.path},
                     {"bytes", file.bytes},
                     {"xxh3_64", formatChecksum(file.checksum)}});
  return files;
}

static ordered formatMap(const ChannelMap &map) {
  return {map.groups, map.size, map.padded, map.pairs};
}

static ordered formatTensor(const TensorRecord &tensor) {
  ordered record = {{"name", tensor.name},
                    {"shape", {tensor.outputs, tensor.inputs}},
                    {"encoding", tensor.encoding},
                    {"bits_per_weight", tensor.bitsPerWeight},
                    {"packet", tensor.packet},
                    {"bytes_per_port", tensor.bytesPerPort},
                    {"rows", formatMap(tensor.rows)},
                    {"columns", formatMap(tensor.columns)}};
  if (!tensor.method.empty())
    record["method"] = tensor.method;
  if (tensor.relativeError)
    record["relative_error"] = *tensor.relativeError;
  return record;
}

static ordered formatTensors(const Manifest &manifest) {
  ordered tensors = ordered::array();
  for (const TensorRecord &tensor : manifest.tensors)
    tensors.push_back(formatTensor(tensor));
  return tensors;
}

/// One line an element of the two long arrays: a manifest can be read, compared
/// line by line and searched with line-based tools.
static std::string formatLines(const ordered &root) {
  std::string text = "{";
  const char *separator = "\n";
  for (const auto &[key, value] : root.items()) {
    text += separator + ("  " + ordered(key).dump()) + ": ";
    separator = ",\n";
    bool records = value.is_array() && !value.empty() && value[0].is_object();
    if (!records) {
      text += value.dump();
      continue;
    }
    for (size_t i = 0; i < value.size(); ++i)
      text += (i ? ",\n    " : "[\n    ") + value[i].dump();
    text += "\n  ]";
  }
  return text + "\n}\n";
}

std::string edgellm::formatManifest(const Manifest &manifest,
                                    const std::string &origin) {
  ordered root;
  root["format_version"] = manifest.formatVersion;
  root["tool_version"] = manifest.toolVersion;
  root["target"] = manifest.target;
  root["model"] = manifest.model;
  root["weights"] = manifest.weights;
  root["hidden"] = manifest.hidden;
  root["vocabulary"] = manifest.vocabulary;
  root["context"] = manifest.context;
  root["layers"] = manifest.layers;
  root["prefix"] = manifest.prefix;
  root["eos"] = manifest.eos;
  root["program"] = manifest.program;
  root["ddr"] = nameOrNull(manifest.ddr);
  root["embedding"] = nameOrNull(manifest.embedding);
  if (!manifest.positions.empty())
    root["positions"] = manifest.positions;
  root["tokenizer"] = nameOrNull(manifest.tokenizer);
  root["chat"] = nameOrNull(manifest.chat);
  root["ports"] = manifest.hasWeights() ? ordered(manifest.ports) : ordered();
  root["files"] = formatFiles(manifest);
  root["tensors"] = formatTensors(manifest);
  std::string text = formatLines(root);
  // A package that nobody could open must not be written: read it back.
  if (parseManifest(text, origin) != manifest)
    fail(origin, ": does not read back as it was written");
  return text;
}
