//===- ManifestTest.cpp ---------------------------------------------------===//
#include "EdgeLLM/Package/Manifest.h"

#include "../Testing.h"

#include <nlohmann/json.hpp>

using namespace edgellm;
using edgellm::testing::errorOf;
using nlohmann::json;

namespace {

/// A package of a model with 4 tokens and 8 channels on two ports.
Manifest smallManifest() {
  Manifest m;
  m.toolVersion = "edgellm-compile 0.1.0";
  m.target = "small";
  m.model = "tiny";
  m.weights = "int4";
  m.hidden = 8;
  m.vocabulary = 4;
  m.context = 16;
  m.layers = 1;
  m.prefix = {1};
  m.eos = {2, 3};
  m.program = "program.bin";
  m.embedding = "embedding.bin";
  m.ddr = "ddr.bin";
  m.tokenizer = "tokenizer.model";
  m.chat = "chat.json";
  m.ports = {"hbm/port00.bin", "hbm/port01.bin"};
  m.files = {{"chat.json", 9, 7},        {"ddr.bin", 64, 1},
             {"embedding.bin", 64, 2},   {"hbm/port00.bin", 256, 3},
             {"hbm/port01.bin", 128, 4}, {"program.bin", 192, ~0ull},
             {"tokenizer.model", 5, 6}};
  m.tensors = {{"w",
                32,
                128,
                "int4",
                4.125,
                1,
                64,
                {2, 16, 32, 8},
                {1, 128, 128, 0},
                0.125}};
  return m;
}

/// The JSON of the small manifest with one field replaced.
std::string textWith(const json::json_pointer &field, const json &value) {
  json root = json::parse(formatManifest(smallManifest(), "m"));
  root[field] = value;
  return root.dump();
}

std::string errorWith(const char *field, const json &value) {
  return errorOf(
      [&] { parseManifest(textWith(json::json_pointer(field), value), "m"); });
}

TEST(Manifest, ReadsBackWhatItWrites) {
  Manifest manifest = smallManifest();
  EXPECT_EQ(parseManifest(formatManifest(manifest, "m"), "m"), manifest);
}

TEST(Manifest, TokensAndTokenizerMayBeAbsent) {
  Manifest manifest = smallManifest();
  manifest.prefix.clear();
  manifest.eos.clear();
  manifest.tokenizer.clear();
  manifest.chat.clear();
  EXPECT_EQ(parseManifest(formatManifest(manifest, "m"), "m"), manifest);
}

/// The same model without its weights.
Manifest programOnly() {
  Manifest manifest = smallManifest();
  manifest.embedding.clear();
  manifest.ddr.clear();
  manifest.tokenizer.clear();
  manifest.chat.clear();
  manifest.ports.clear();
  manifest.files = {{"program.bin", 192, 5}};
  return manifest;
}

TEST(Manifest, MayHoldTheProgramAlone) {
  Manifest manifest = programOnly();
  EXPECT_FALSE(manifest.hasWeights());
  EXPECT_TRUE(smallManifest().hasWeights());
  std::string text = formatManifest(manifest, "m");
  EXPECT_EQ(parseManifest(text, "m"), manifest);
  json root = json::parse(text);
  for (const char *key : {"ddr", "embedding", "tokenizer", "chat", "ports"})
    EXPECT_TRUE(root[key].is_null()) << key;
}

TEST(Manifest, HasNoPositionsWithoutWeights) {
  Manifest manifest = programOnly();
  manifest.positions = "program.bin";
  EXPECT_EQ(errorOf([&] { formatManifest(manifest, "m"); }),
            "m: field 'positions': found \"program.bin\", expected no such "
            "field, as field 'ports' is null: no weights");
}

TEST(Manifest, HasAllFilesOfTheWeightsOrNone) {
  EXPECT_EQ(errorWith("/ports", nullptr),
            "m: field 'ddr': found \"ddr.bin\", expected null, as field "
            "'ports' is: no weights");
  EXPECT_EQ(errorWith("/ddr", nullptr),
            "m: field 'ddr': found null, expected a string, not empty and on "
            "one line");
  Manifest manifest = programOnly();
  manifest.embedding = "program.bin";
  EXPECT_EQ(errorOf([&] { formatManifest(manifest, "m"); }),
            "m: field 'embedding': found \"program.bin\", expected null, as "
            "field 'ports' is: no weights");
}

TEST(Manifest, MayHavePositions) {
  json root = json::parse(formatManifest(smallManifest(), "m"));
  EXPECT_FALSE(root.contains("positions"));
  Manifest manifest = smallManifest();
  manifest.positions = "positions.bin";
  manifest.files.push_back({"positions.bin", 16 * 8 * 2, 7});
  EXPECT_EQ(parseManifest(formatManifest(manifest, "m"), "m"), manifest);
  manifest.files.back().bytes = 15 * 8 * 2;
  EXPECT_EQ(errorOf([&] { formatManifest(manifest, "m"); }),
            "m: file 'positions.bin': found 240 bytes, expected 256 (context "
            "16 x hidden 8 x 2)");
  EXPECT_EQ(errorWith("/positions", "p.bin"),
            "m: field 'positions': found \"p.bin\", expected a path that "
            "field 'files' lists");
  EXPECT_EQ(errorWith("/positions", nullptr),
            "m: field 'positions': found null, expected a string, not empty "
            "and on one line");
}

TEST(Manifest, WritesOneLineARecord) {
  std::string text = formatManifest(smallManifest(), "m");
  EXPECT_NE(text.find("\n  \"format_version\": 3,\n"), text.npos) << text;
  EXPECT_NE(text.find("\n    {\"path\":\"program.bin\",\"bytes\":192,"
                      "\"xxh3_64\":\"ffffffffffffffff\"},\n"),
            text.npos)
      << text;
}

TEST(Manifest, FindsFiles) {
  Manifest manifest = smallManifest();
  EXPECT_EQ(manifest.file("ddr.bin").bytes, 64u);
  EXPECT_EQ(errorOf([&] { manifest.file("x"); }),
            "'x' is no file of the package");
}

TEST(Manifest, RefusesOtherFormats) {
  EXPECT_EQ(errorWith("/format_version", 1),
            "m: field 'format_version': found 1, expected 3, the only format "
            "this version reads");
}

TEST(Manifest, RefusesWrongTypesAndRanges) {
  EXPECT_EQ(errorWith("/hidden", 0),
            "m: field 'hidden': found 0, expected an integer from 1 to "
            "16777216");
  EXPECT_EQ(errorWith("/context", "512"),
            "m: field 'context': found \"512\", expected an integer from 1 to "
            "1048576");
  EXPECT_EQ(errorWith("/weights", "int8"),
            "m: field 'weights': found \"int8\", expected int4, fp16 or mixed");
  EXPECT_EQ(errorWith("/prefix", {1, 4}),
            "m: field 'prefix': found 4, expected a token id from 0 to 3");
  EXPECT_EQ(errorWith("/eos", {2, 9}),
            "m: field 'eos': found 9, expected a token id from 0 to 3");
  EXPECT_EQ(errorWith("/ports", json::array()),
            "m: field 'ports': found [], expected at least 1 elements");
  EXPECT_EQ(errorWith("/surplus", 1), "m: field \"surplus\" is unknown");
}

TEST(Manifest, RefusesMissingFields) {
  json root = json::parse(formatManifest(smallManifest(), "m"));
  for (const auto &[key, value] : root.items()) {
    json without = root;
    without.erase(key);
    EXPECT_EQ(errorOf([&] { parseManifest(without.dump(), "m"); }),
              "m: field '" + key + "' is missing");
  }
}

TEST(Manifest, RefusesNamesThatLeaveThePackage) {
  for (const char *name : {"../x", "/etc/passwd", "a/../b", "a//b", "./a", "a/",
                           "..", "a\\b", "manifest.json"})
    EXPECT_EQ(errorWith("/files/0/path", name),
              "m: field 'files[0].path': found " + json(name).dump() +
                  ", expected a relative file name without '..' inside the "
                  "package");
  EXPECT_EQ(errorWith("/target", "../u280"),
            "m: field 'target': found \"../u280\", expected a target's name "
            "without '/'");
}

TEST(Manifest, RefusesBadFileRecords) {
  EXPECT_EQ(errorWith("/files/2/path", "ddr.bin"),
            "m: field 'files[2].path': found \"ddr.bin\", expected each file "
            "once");
  EXPECT_EQ(errorWith("/files/0/xxh3_64", "12"),
            "m: field 'files[0].xxh3_64': found \"12\", expected 16 lower-case "
            "hexadecimal digits");
  EXPECT_EQ(errorWith("/files/0/bytes", -1),
            "m: field 'files[0].bytes': found -1, expected an integer from 0 "
            "to 281474976710656");
  EXPECT_EQ(errorWith("/files/0/mode", 1),
            "m: field \"files[0].mode\" is unknown");
}

TEST(Manifest, RefusesUnlistedFiles) {
  EXPECT_EQ(errorWith("/program", "q.bin"),
            "m: field 'program': found \"q.bin\", expected a path that field "
            "'files' lists");
  EXPECT_EQ(errorWith("/ports/1", "q.bin"),
            "m: field 'ports': found \"q.bin\", expected a path that field "
            "'files' lists");
  EXPECT_EQ(errorWith("/ports/1", "hbm/port00.bin"),
            "m: field 'ports': found \"hbm/port00.bin\", expected each file "
            "once");
}

TEST(Manifest, RefusesAnEmbeddingOfAnotherShape) {
  EXPECT_EQ(errorWith("/hidden", 9),
            "m: file 'embedding.bin': found 64 bytes, expected 72 (vocabulary "
            "4 x hidden 9 x 2)");
}

TEST(Manifest, TensorsLieInEveryPortImage) {
  // The smaller image has 128 bytes: two packets.
  EXPECT_EQ(errorWith("/tensors/0/packet", 3),
            "m: field 'tensors[0].packet': found 3, expected an integer from 0 "
            "to 2");
  EXPECT_EQ(errorWith("/tensors/0/bytes_per_port", 65),
            "m: field 'tensors[0].bytes_per_port': found 65, expected an "
            "integer from 1 to 64");
  EXPECT_EQ(errorWith("/tensors/0/shape", {32}),
            "m: field 'tensors[0].shape': found [32], expected [outputs, "
            "inputs], each an integer from 1 to 16777216");
}

TEST(Manifest, TensorsSayWhereTheirChannelsAre) {
  EXPECT_EQ(errorWith("/tensors/0/rows", {1, 32, 32}),
            "m: field 'tensors[0].rows': found [1,32,32], expected [groups, "
            "size, padded, pairs], each an integer from 0 to 16777216");
  EXPECT_EQ(errorWith("/tensors/0/rows", {1, 32, 16, 0}),
            "m: field 'tensors[0].rows': found [1,32,16,0], expected a map of "
            "channels, whose padded must be at least size");
  EXPECT_EQ(errorWith("/tensors/0/columns", {4, 16, 32, 0}),
            "m: field 'tensors[0].columns': found [4,16,32,0], expected groups "
            "x size of 128, as field 'shape' says");
}

TEST(Manifest, MethodsAndErrorsOfTensorsMayBeUnknown) {
  Manifest manifest = smallManifest();
  EXPECT_EQ(errorWith("/tensors/0/method", 7),
            "m: field 'tensors[0].method': found 7, expected a string, not "
            "empty and on one line");
  manifest.tensors[0].method = "sparsegpt, gptq";
  EXPECT_EQ(parseManifest(formatManifest(manifest, "m"), "m"), manifest);
  manifest.tensors[0].method = "";
  EXPECT_EQ(formatManifest(manifest, "m").find("method"), std::string::npos);
  manifest.tensors[0].relativeError = {};
  std::string text = formatManifest(manifest, "m");
  EXPECT_EQ(text.find("relative_error"), text.npos);
  EXPECT_EQ(parseManifest(text, "m"), manifest);
  EXPECT_EQ(errorWith("/tensors/0/relative_error", -1),
            "m: field 'tensors[0].relative_error': found -1, expected a number "
            "from 0 to 1000");
}

TEST(Manifest, DoesNotWriteWhatItWouldNotRead) {
  Manifest manifest = smallManifest();
  manifest.vocabulary = 0;
  EXPECT_EQ(errorOf([&] { formatManifest(manifest, "m"); }),
            "m: field 'vocabulary': found 0, expected an integer from 1 to "
            "16777216");
}

} // namespace
