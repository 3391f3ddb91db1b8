//===- TargetTest.cpp - Reading target files ------------------------------===//
#include "EdgeLLM/Target/Target.h"

#include "../Testing.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/MappedFile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

static fs::path targetsDirectory() { return shareDirectory() / "targets"; }

namespace {

/// Starts from a shipped target, changes it, and reads it back from a file.
class TargetTest : public ::testing::Test {
protected:
  static json load(const std::string &name) {
    return json::parse(readTextFile(targetsDirectory() / (name + ".json")));
  }

  /// A reference to a field by its dotted path.
  json &at(const std::string &path) {
    std::string pointer = "/" + path;
    std::ranges::replace(pointer, '.', '/');
    return target[json::json_pointer(pointer)];
  }

  /// What loadTarget says about a text, without the file's path.
  std::string errorOf(const std::string &text) {
    edgellm::testing::writeFile(file, text);
    std::string start = file.string() + ": ";
    std::string message = edgellm::testing::errorOf([&] { loadTarget(file); });
    EXPECT_TRUE(message.starts_with(start)) << message;
    return message.substr(std::min(message.size(), start.size()));
  }
  std::string error() { return errorOf(target.dump(2)); }
  /// The target as it is now, which must be a legal one.
  Target accepted() {
    edgellm::testing::writeFile(file, target.dump(2));
    return loadTarget(file);
  }

  edgellm::testing::TemporaryFolder folder;
  fs::path file = folder / "tiny.json";
  json target = load("tiny");
};

} // namespace

TEST(ShippedTargets, AllLoad) {
  std::vector<std::string> expected{"tiny", "u280", "u55c", "vcu128", "vhk158"};
  EXPECT_EQ(targetNames(targetsDirectory()), expected);
  for (const std::string &name : expected)
    EXPECT_EQ(findTarget(name, targetsDirectory()).name, name);
}

TEST(ShippedTargets, Vcu128IsThePapersMachine) {
  Target target = findTarget("vcu128", targetsDirectory());
  EXPECT_EQ(target.hbm.ports, 32u);
  EXPECT_EQ(target.hbm.portBytes, 256u << 20);
  EXPECT_NEAR(target.hbm.streamBandwidth(target.clocks.hbmMHz), 286.7e9, 0.1e9);
  EXPECT_EQ(target.array.int4Inputs * target.array.outputs, 4096u);
  EXPECT_EQ(target.array.fp16Inputs * target.array.outputs, 1024u);
  EXPECT_EQ(target.buffers.activationBits, 8u << 20);
  EXPECT_EQ(target.buffers.weightBits, 16u << 20);
  EXPECT_EQ(target.limits.tokens, 2048u);
  EXPECT_EQ(target.fabric.dsp, 9024u);
  EXPECT_EQ(target.platform, "");
}

TEST(ShippedTargets, WhereActivationsLive) {
  Target withDdr = findTarget("u280", targetsDirectory());
  ASSERT_TRUE(withDdr.ddr);
  EXPECT_EQ(withDdr.ddr->baseAddress, 0x4000000000u);
  EXPECT_EQ(withDdr.activationBytes(), uint64_t(16) << 30);
  Target hbmOnly = findTarget("u55c", targetsDirectory());
  EXPECT_FALSE(hbmOnly.ddr);
  EXPECT_EQ(hbmOnly.activationPort, 31u);
  EXPECT_EQ(hbmOnly.activationBytes(), uint64_t(512) << 20);
}

TEST(ShippedTargets, AnythingElseIsListed) {
  EXPECT_EQ(edgellm::testing::errorOf(
                [] { findTarget("vcu129", targetsDirectory()); }),
            "unknown target 'vcu129'; known are tiny, u280, u55c, vcu128, "
            "vhk158, or the path of a .json file");
  EXPECT_THROW(findTarget("../tiny", targetsDirectory()), Error);
  EXPECT_THROW(findTarget("nowhere/tiny.json", targetsDirectory()), Error);
  EXPECT_THROW(targetNames("nowhere"), Error);
}

TEST_F(TargetTest, FoundByPath) {
  accepted();
  EXPECT_EQ(findTarget(file.string(), "nowhere").hbm.ports, 8u);
}

TEST_F(TargetTest, EveryFieldMustBeThere) {
  for (const TargetField &field : targetFields()) {
    if (!field.required || field.path.starts_with("ddr."))
      continue;
    SCOPED_TRACE(field.path);
    target = load("tiny");
    size_t dot = field.path.find('.');
    if (dot == std::string::npos)
      target.erase(field.path);
    else
      at(field.path.substr(0, dot)).erase(field.path.substr(dot + 1));
    EXPECT_EQ(error(), "field '" + field.path + "' is missing");
  }
}

TEST_F(TargetTest, EveryFieldHasItsType) {
  for (const TargetField &field : targetFields()) {
    SCOPED_TRACE(field.path);
    target = load(field.path == "activation_port" ? "u55c" : "tiny");
    for (const json &wrong : {json(nullptr), json(json::array()), json(true),
                              json(-1), json("0x0\t")}) {
      at(field.path) = wrong;
      EXPECT_TRUE(error().starts_with("field '" + field.path + "': found "))
          << error();
    }
  }
}

TEST_F(TargetTest, EveryNumberHasItsRange) {
  for (const TargetField &field : targetFields()) {
    SCOPED_TRACE(field.path);
    target = load(field.path == "activation_port" ? "u55c" : "tiny");
    if (field.kind == TargetField::Kind::text || !field.choices.empty())
      continue;
    for (double wrong : {field.minimum - 1, field.maximum + 1}) {
      at(field.path) = wrong;
      if (field.kind == TargetField::Kind::integer)
        at(field.path) = int64_t(wrong);
      EXPECT_TRUE(error().starts_with("field '" + field.path + "': found "))
          << error();
    }
  }
}

TEST_F(TargetTest, Messages) {
  at("hbm.ports") = 12;
  EXPECT_EQ(error(), "field 'hbm.ports': found 12, expected one of [8,16,32]");
  at("hbm.ports") = 8.0;
  EXPECT_EQ(error(), "field 'hbm.ports': found 8.0, expected one of [8,16,32]");
  at("hbm.ports") = 8;
  at("limits.tokens") = 100;
  EXPECT_EQ(error(),
            "field 'limits.tokens': found 100, expected a multiple of 32");
  at("limits.tokens") = 128;
  at("hbm.base_address") = "4096";
  EXPECT_EQ(error(), "field 'hbm.base_address': found \"4096\", expected text "
                     "that matches ^0x[0-9a-f]{1,12}$");
}

TEST_F(TargetTest, UnknownFields) {
  at("colour") = "red";
  EXPECT_EQ(error(), "field \"colour\" is unknown");
  target.erase("colour");
  at("ddr.colour") = "red";
  EXPECT_EQ(error(), "field \"ddr.colour\" is unknown");
}

TEST_F(TargetTest, NotATarget) {
  EXPECT_NE(errorOf("{\"name\": 1, \"name\": 2}").find("stands twice"),
            std::string::npos);
  EXPECT_NE(errorOf("{").find("not JSON"), std::string::npos);
  EXPECT_NE(errorOf(""), "");
  EXPECT_NE(errorOf("[]"), "");
  EXPECT_NE(errorOf("{} {}"), "");
  EXPECT_NE(errorOf("{\"hbm\": 1e999}"), "");
  EXPECT_NE(errorOf(std::string(100000, '[')), "");
  EXPECT_NE(errorOf("{\"name\": \"\xff\"}"), "");
}

TEST_F(TargetTest, LongTextIsRefused) {
  at("description") = std::string(500000, 'x');
  EXPECT_TRUE(error().starts_with("field 'description': found \"xxx"));
}

TEST_F(TargetTest, NameIsTheFiles) {
  at("name") = "other";
  EXPECT_EQ(error(), "field 'name': found \"other\", expected \"tiny\", the "
                     "file's name");
}

TEST_F(TargetTest, ExactlyOneHomeForActivations) {
  at("activation_port") = 0;
  EXPECT_EQ(error(), "field 'activation_port': only allowed without ddr, which "
                     "holds the activations");
  target.erase("ddr");
  EXPECT_EQ(accepted().activationPort, 0u);
  at("activation_port") = 8;
  EXPECT_EQ(
      error(),
      "field 'activation_port': found 8, expected less than hbm.ports, 8");
  target.erase("activation_port");
  EXPECT_EQ(error(),
            "field 'activation_port' is missing, required without ddr");
}

TEST_F(TargetTest, MemoriesDoNotOverlap) {
  at("ddr.base_address") = "0x1ff0000";
  EXPECT_EQ(error(), "field 'ddr.base_address': found 0x1ff0000, inside the "
                     "HBM's addresses, which end at 0x2000000");
  at("ddr.base_address") = "0x2000000";
  EXPECT_EQ(accepted().ddr->baseAddress, 0x2000000u);
  at("hbm.base_address") = "0x2001000";
  EXPECT_NE(error(), "");
  at("hbm.base_address") = "0x800";
  EXPECT_EQ(error(), "field 'hbm.base_address': found 0x800, expected a "
                     "multiple of 0x1000");
}

TEST_F(TargetTest, HbmDeliversTheStream) {
  at("clocks.hbm_mhz") = 300;
  EXPECT_EQ(error(), "field 'clocks.hbm_mhz': 8 ports of 256 bit at 300 MHz "
                     "ask for 76.8 GB/s, hbm.nominal_gb_per_s is 57.6");
  at("hbm.nominal_gb_per_s") = 76.8;
  EXPECT_EQ(accepted().hbm.nominalBandwidth, 76.8e9);
}

TEST_F(TargetTest, RefreshLeavesTimeToRead) {
  at("timing.refresh_ns") = 3900;
  EXPECT_EQ(error(), "field 'timing.refresh_ns': found 3900, expected less "
                     "than timing.refresh_interval_ns, 3900");
  at("timing.refresh_ns") = 3899;
  EXPECT_EQ(accepted().timing.refreshNs, 3899);
}

TEST_F(TargetTest, DeepBurstsAreNotFewer) {
  at("timing.bursts_in_flight") = 2;
  EXPECT_EQ(error(), "field 'timing.unpipelined_bursts_in_flight': found 3, "
                     "expected at most timing.bursts_in_flight, 2");
  at("timing.unpipelined_bursts_in_flight") = 2;
  EXPECT_EQ(accepted().timing.burstsInFlight, 2u);
}
