//===- Target.cpp - The machines a program can be built for ---------------===//
#include "EdgeLLM/Target/Target.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/MappedFile.h"
#include "FieldWalker.h"

#include <algorithm>
#include <sstream>
#include <system_error>

using namespace edgellm;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

static constexpr uint64_t kMiB = uint64_t(1) << 20;
static constexpr uint64_t kKbit = 1024;

static Target::Hbm readHbm(FieldWalker &fields) {
  Target::Hbm hbm;
  hbm.ports = unsigned(fields.choice("ports", {8, 16, 32}));
  hbm.portBits = unsigned(fields.choice("port_bits", {256, 512}));
  hbm.portBytes = fields.integer("port_mib", 1, 65536) * kMiB;
  hbm.baseAddress = fields.address("base_address");
  hbm.nominalBandwidth = fields.number("nominal_gb_per_s", 1, 10000) * 1e9;
  return hbm;
}

static Target::Ddr readDdr(FieldWalker &fields) {
  Target::Ddr ddr;
  ddr.bytes = fields.integer("mib", 1, 1048576) * kMiB;
  ddr.baseAddress = fields.address("base_address");
  ddr.bandwidth = fields.number("gb_per_s", 0.1, 1000) * 1e9;
  return ddr;
}

static Target::Clocks readClocks(FieldWalker &fields) {
  Target::Clocks clocks;
  clocks.hbmMHz = fields.number("hbm_mhz", 10, 1000);
  clocks.coreMHz = fields.number("core_mhz", 10, 1000);
  return clocks;
}

static Target::Array readArray(FieldWalker &fields) {
  Target::Array array;
  array.int4Inputs = unsigned(fields.choice("int4_inputs", {128}));
  array.fp16Inputs = unsigned(fields.choice("fp16_inputs", {32}));
  array.outputs = unsigned(fields.choice("outputs", {32, 64}));
  return array;
}

static Target::Buffers readBuffers(FieldWalker &fields) {
  Target::Buffers buffers;
  buffers.activationBits =
      fields.integer("activation_kbit", 64, 1048576) * kKbit;
  buffers.weightBits = fields.integer("weight_kbit", 64, 1048576) * kKbit;
  return buffers;
}

static Target::Limits readLimits(FieldWalker &fields) {
  Target::Limits limits;
  limits.tokens = unsigned(fields.integer("tokens", 32, 65536, 32));
  limits.headSize = unsigned(fields.integer("head_size", 32, 256, 32));
  return limits;
}

static Target::Fabric readFabric(FieldWalker &fields) {
  Target::Fabric fabric;
  fabric.lut = fields.integer("lut", 0, 100000000);
  fabric.ff = fields.integer("ff", 0, 100000000);
  fabric.dsp = fields.integer("dsp", 0, 1000000);
  fabric.bram = fields.integer("bram", 0, 1000000);
  return fabric;
}

static Target::Timing readTiming(FieldWalker &fields) {
  Target::Timing timing;
  timing.burstBytes = unsigned(fields.integer("burst_bytes", 64, 4096, 64));
  timing.burstsInFlight = unsigned(fields.integer("bursts_in_flight", 1, 256));
  timing.unpipelinedBurstsInFlight =
      unsigned(fields.integer("unpipelined_bursts_in_flight", 1, 256));
  timing.hbmLatencyNs = fields.number("hbm_latency_ns", 1, 10000);
  timing.streamEfficiency = fields.number("stream_efficiency", 0.01, 1);
  timing.refreshIntervalNs = fields.number("refresh_interval_ns", 100, 100000);
  timing.refreshNs = fields.number("refresh_ns", 0, 100000);
  timing.ddrLatencyNs = fields.number("ddr_latency_ns", 1, 10000);
  timing.arrayLatencyCycles =
      unsigned(fields.integer("array_latency_cycles", 1, 1000));
  timing.vectorLatencyCycles =
      unsigned(fields.integer("vector_latency_cycles", 1, 1000));
  timing.reductionLatencyCycles =
      unsigned(fields.integer("reduction_latency_cycles", 1, 1000));
  timing.issueCycles = unsigned(fields.integer("issue_cycles", 1, 1000));
  return timing;
}

static Target readTarget(FieldWalker &fields) {
  Target target;
  target.name = fields.text("name", "^[a-z][a-z0-9_]{0,30}$");
  target.description = fields.text("description", "^[^\\x00-\\x1f]{1,400}$");
  target.part = fields.text("part", "^[A-Za-z0-9-]{0,63}$");
  target.platform = fields.text("platform", "^[a-z0-9_]{0,63}$");
  target.hbm = fields.section("hbm", readHbm);
  if (fields.has("ddr"))
    target.ddr = fields.section("ddr", readDdr);
  if (fields.has("activation_port"))
    target.activationPort = unsigned(fields.integer("activation_port", 0, 31));
  target.clocks = fields.section("clocks", readClocks);
  target.array = fields.section("array", readArray);
  target.buffers = fields.section("buffers", readBuffers);
  target.limits = fields.section("limits", readLimits);
  target.fabric = fields.section("fabric", readFabric);
  target.timing = fields.section("timing", readTiming);
  fields.finish();
  return target;
}

std::vector<TargetField> edgellm::targetFields() {
  FieldWalker listing;
  readTarget(listing);
  return listing.takeFields();
}

//===----------------------------------------------------------------------===//
// Sense of the whole
//===----------------------------------------------------------------------===//

/// What a check needs to name the file and the field.
static std::string fieldOf(const std::string &file, const char *path) {
  return file + ": field '" + path + "'";
}

static std::string hexadecimal(uint64_t address) {
  std::ostringstream text;
  text << "0x" << std::hex << address;
  return text.str();
}

/// Programs and activations need exactly one home.
static void checkActivationMemory(const Target &target, bool hasPort,
                                  const std::string &file) {
  std::string field = fieldOf(file, "activation_port");
  if (target.ddr && hasPort)
    fail(field, ": only allowed without ddr, which holds the activations");
  if (!target.ddr && !hasPort)
    fail(field, " is missing, required without ddr");
  if (target.activationPort >= target.hbm.ports)
    fail(field, ": found ", target.activationPort,
         ", expected less than hbm.ports, ", target.hbm.ports);
}

/// Banks are mapped and allocated in whole pages.
static void checkPage(uint64_t address, const std::string &field) {
  constexpr uint64_t kPage = 4096;
  if (address % kPage)
    fail(field, ": found ", hexadecimal(address), ", expected a multiple of ",
         hexadecimal(kPage));
}

static void checkAddresses(const Target &target, const std::string &file) {
  const Target::Hbm &hbm = target.hbm;
  checkPage(hbm.baseAddress, fieldOf(file, "hbm.base_address"));
  if (!target.ddr)
    return;
  const Target::Ddr &ddr = *target.ddr;
  std::string field = fieldOf(file, "ddr.base_address");
  checkPage(ddr.baseAddress, field);
  uint64_t hbmEnd = hbm.baseAddress + hbm.ports * hbm.portBytes;
  if (ddr.baseAddress < hbmEnd && hbm.baseAddress < ddr.baseAddress + ddr.bytes)
    fail(field, ": found ", hexadecimal(ddr.baseAddress),
         ", inside the HBM's addresses, which end at ", hexadecimal(hbmEnd));
}

/// A machine that asks for more than its HBM delivers would be timed wrongly.
static void checkStream(const Target &target, const std::string &file) {
  const Target::Hbm &hbm = target.hbm;
  double asked = hbm.streamBandwidth(target.clocks.hbmMHz);
  // Equality is the best case; decimal GB/s in the file may round below it.
  if (asked > hbm.nominalBandwidth * (1 + 1e-9))
    fail(fieldOf(file, "clocks.hbm_mhz"), ": ", hbm.ports, " ports of ",
         hbm.portBits, " bit at ", target.clocks.hbmMHz, " MHz ask for ",
         asked / 1e9, " GB/s, hbm.nominal_gb_per_s is ",
         hbm.nominalBandwidth / 1e9);
}

/// The timing model divides by what is left.
static void checkTiming(const Target::Timing &timing, const std::string &file) {
  if (timing.refreshNs >= timing.refreshIntervalNs)
    fail(fieldOf(file, "timing.refresh_ns"), ": found ", timing.refreshNs,
         ", expected less than timing.refresh_interval_ns, ",
         timing.refreshIntervalNs);
  if (timing.unpipelinedBurstsInFlight > timing.burstsInFlight)
    fail(fieldOf(file, "timing.unpipelined_bursts_in_flight"), ": found ",
         timing.unpipelinedBurstsInFlight,
         ", expected at most timing.bursts_in_flight, ", timing.burstsInFlight);
}

Target edgellm::parseTarget(std::string_view text, const fs::path &jsonFile) {
  std::string file = jsonFile.string();
  nlohmann::json root = parseJson(text, file);
  FieldWalker fields(root, file);
  Target target = readTarget(fields);
  if (target.name != jsonFile.stem())
    fail(fieldOf(file, "name"), ": found \"", target.name, "\", expected \"",
         jsonFile.stem().string(), "\", the file's name");
  checkActivationMemory(target, root.contains("activation_port"), file);
  checkAddresses(target, file);
  checkStream(target, file);
  checkTiming(target.timing, file);
  return target;
}

Target edgellm::loadTarget(const fs::path &jsonFile) {
  return parseTarget(readTextFile(jsonFile, kMiB), jsonFile);
}

//===----------------------------------------------------------------------===//
// The folder of targets
//===----------------------------------------------------------------------===//

static constexpr std::string_view kSchema = "target.schema.json";

std::vector<std::string> edgellm::targetNames(const fs::path &targetsDir) {
  std::error_code error;
  std::vector<std::string> names;
  for (const fs::directory_entry &entry :
       fs::directory_iterator(targetsDir, error))
    if (entry.path().extension() == ".json" &&
        entry.path().filename() != kSchema)
      names.push_back(entry.path().stem());
  if (error)
    fail(targetsDir.string(), ": ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

static std::string commaSeparated(const std::vector<std::string> &names) {
  std::string result;
  for (const std::string &name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

Target edgellm::findTarget(std::string_view nameOrPath,
                           const fs::path &targetsDir) {
  if (nameOrPath.ends_with(".json") ||
      nameOrPath.find('/') != std::string_view::npos)
    return loadTarget(nameOrPath);
  std::vector<std::string> names = targetNames(targetsDir);
  if (!std::count(names.begin(), names.end(), nameOrPath))
    fail("unknown target '", nameOrPath, "'; known are ", commaSeparated(names),
         ", or the path of a .json file");
  return loadTarget(targetsDir / (std::string(nameOrPath) + ".json"));
}
