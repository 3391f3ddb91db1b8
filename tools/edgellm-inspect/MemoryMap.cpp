//===- MemoryMap.cpp - Who owns which memory ------------------------------===//
#include "MemoryMap.h"

#include "EdgeLLM/ISA/Schedule.h"
#include "Listing.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

using namespace edgellm;
using namespace edgellm::inspect;

namespace {

/// Packets [first, end) and whose they are.
struct Region {
  int64_t first, end;
  std::string owner;
};

/// Collects the regions of a program's operands in the ddr buffer: constants
/// and activations.
class OperandRegions {
public:
  explicit OperandRegions(const Program &program);

  std::vector<Region> ddr;

private:
  void add(const isa::Operand &operand, const std::string &source);
  /// One region for everything that overlaps or touches: buffers that take
  /// turns in the same memory.
  static void mergeInto(std::vector<Region> &regions,
                        std::vector<Region> parts);

  isa::RequestLimits limits;
  std::map<std::pair<int64_t, int64_t>, std::set<std::string>> constants;
  std::vector<Region> activations;
};

} // namespace

/// "model.norm, weight", and how many others where tables are shared.
static std::string ownersText(const std::set<std::string> &owners) {
  std::string text = owners.empty() ? "" : *owners.begin();
  return owners.size() > 1
             ? text + " and " + std::to_string(owners.size() - 1) + " more"
             : text;
}

OperandRegions::OperandRegions(const Program &program) {
  isa::DecodeError error;
  for (const Entry &entry : program.entries) {
    limits = {entry.maxTokens, program.context};
    activations.push_back({int64_t(entry.inputPacket),
                           int64_t(entry.inputPacket + 1), "activations"});
    std::span<const uint64_t> code = program.codeOf(entry);
    uint32_t index = 0;
    for (size_t at = 0; at < code.size(); ++index)
      at += isa::decodeAndApply(
          &code[at], code.size() - at,
          [&](const auto &instruction) {
            for (const isa::Operand &operand :
                 isa::operandsOf(instruction, program.ports))
              add(operand, program.sourceOf(entry, index));
          },
          error);
  }
  for (const auto &[extent, owners] : constants)
    ddr.push_back({extent.first, extent.second, ownersText(owners)});
  mergeInto(ddr, std::move(activations));
}

void OperandRegions::add(const isa::Operand &operand,
                         const std::string &source) {
  if (operand.region.space != isa::Space::ddr)
    return;
  isa::PacketExtent extent = isa::extentOf(operand.region, limits);
  int64_t first = extent.first, end = extent.last + 1;
  if (operand.access == isa::Access::constant)
    constants[{first, end}].insert(source + ", " + operand.field);
  else
    activations.push_back({first, end, "activations"});
}

void OperandRegions::mergeInto(std::vector<Region> &regions,
                               std::vector<Region> parts) {
  std::ranges::sort(parts, {}, &Region::first);
  bool isFirst = true;
  for (Region &part : parts) {
    if (!isFirst && part.first <= regions.back().end)
      regions.back().end = std::max(regions.back().end, part.end);
    else
      regions.push_back(std::move(part));
    isFirst = false;
  }
}

/// Weights and the KV memory of each sequence, in packets of a port.
static std::vector<Region> portRegions(const PackedModel &model) {
  const Program &program = model.program;
  std::vector<Region> regions;
  for (const TensorRecord &tensor : model.manifest().tensors) {
    auto first = int64_t(tensor.packet);
    int64_t packets = isa::ceilDivide(int64_t(tensor.bytesPerPort),
                                      int64_t(isa::kPacketBytes));
    regions.push_back({first, first + packets, tensor.name});
  }
  auto packets = int64_t(program.sequencePackets);
  auto first = int64_t(program.firstSequencePacket());
  for (uint32_t i = 0; i < program.sequences && packets > 0; ++i) {
    std::string owner = "KV cache";
    if (program.sequences > 1)
      owner += " of sequence " + std::to_string(i);
    regions.push_back({first, first + packets, owner});
    first += packets;
  }
  return regions;
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

/// A bar of the share that a region has, at least one mark.
static std::string bar(int64_t packets, int64_t total) {
  constexpr int64_t width = 32;
  int64_t marks = total > 0 ? (packets * width + total / 2) / total : 0;
  std::string text(size_t(std::clamp<int64_t>(marks, 1, width)), '#');
  text.resize(width, ' ');
  return text;
}

static std::string regionLine(const Region &region, int64_t total) {
  constexpr int64_t packetBytes = isa::kPacketBytes;
  char numbers[64];
  std::snprintf(
      numbers, sizeof numbers, "  0x%010llx %10s  ",
      static_cast<unsigned long long>(region.first * packetBytes),
      shownBytes(uint64_t(region.end - region.first) * packetBytes).c_str());
  return numbers + bar(region.end - region.first, total) + "  " + region.owner +
         "\n";
}

/// All of [0, total): the regions, and what is between them.
static std::string draw(std::string title, std::vector<Region> regions,
                        int64_t total) {
  std::string text = std::move(title) + ", " +
                     shownBytes(uint64_t(total) * isa::kPacketBytes) + "\n";
  std::ranges::sort(regions, {}, &Region::first);
  int64_t reached = 0;
  for (const Region &region : regions) {
    if (region.first > reached)
      text += regionLine({reached, region.first, "unused"}, total);
    text += regionLine(region, total);
    reached = std::max(reached, region.end);
  }
  if (reached < total)
    text += regionLine({reached, total, "unused"}, total);
  return text;
}

std::string edgellm::inspect::memoryMap(const PackedModel &model) {
  const Program &program = model.program;
  OperandRegions regions(program);
  regions.ddr.push_back({0, 1, "status"});
  return draw("every HBM port", portRegions(model),
              int64_t(program.hbmPackets)) +
         "\n" + draw("ddr buffer", regions.ddr, int64_t(program.ddrPackets)) +
         "\nactivation buffer: " +
         shownBytes(program.chipPackets * isa::kPacketBytes) + " used\n";
}
