//===- XclbinWriter.cpp - xclbins for the device model --------------------===//
//
// XRT's own tool for this, xclbinutil, is not in Debian; the container format
// is public in <xclbin.h>: a header, a table of sections, the sections.
//
//===----------------------------------------------------------------------===//
#include "XclbinWriter.h"

#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "KernelMetadata.h"
#include "ModelBitstream.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <xclbin.h>
#include <xxhash.h>

using namespace edgellm;
using namespace edgellm::driver;

using Bytes = std::vector<std::byte>;

namespace {
struct Section {
  axlf_section_kind kind;
  const char *name;
  Bytes bytes;
};
} // namespace

//===----------------------------------------------------------------------===//
// Sections
//===----------------------------------------------------------------------===//

/// Copies text into a fixed field that XRT reads up to the terminating zero.
template <typename Character, size_t size>
static void setText(Character (&field)[size], const std::string &text) {
  static_assert(sizeof(Character) == 1);
  std::memcpy(field, text.data(), std::min(text.size(), size - 1));
}

static Bytes bytesOf(const std::string &text) {
  auto *first = reinterpret_cast<const std::byte *>(text.data());
  return Bytes(first, first + text.size());
}

/// A count and, at the offset of the topology's array, that many entries: the
/// form of all sections that describe hardware.
template <typename Count, typename Entry>
static Bytes countedSection(Count count, size_t arrayOffset,
                            const std::vector<Entry> &entries) {
  Bytes bytes(arrayOffset + entries.size() * sizeof(Entry));
  std::memcpy(bytes.data(), &count, sizeof count);
  std::memcpy(bytes.data() + arrayOffset, entries.data(),
              entries.size() * sizeof(Entry));
  return bytes;
}

static mem_data memory(MEM_TYPE type, const std::string &tag, uint64_t address,
                       uint64_t bytes) {
  mem_data bank{};
  bank.m_type = type;
  bank.m_used = 1;
  bank.m_size = bytes / 1024; // the field counts KiB
  bank.m_base_address = address;
  setText(bank.m_tag, tag);
  return bank;
}

/// The banks, in the order of kernel::hbmBank and kernel::ddrBank.
static Section memoryTopology(const Target &target) {
  std::vector<mem_data> banks;
  const Target::Hbm &hbm = target.hbm;
  for (unsigned port = 0; port < hbm.ports; ++port)
    banks.push_back(memory(MEM_HBM, "HBM[" + std::to_string(port) + "]",
                           hbm.baseAddress + port * hbm.portBytes,
                           hbm.portBytes));
  if (target.ddr)
    banks.push_back(
        memory(MEM_DDR4, "DDR[0]", target.ddr->baseAddress, target.ddr->bytes));
  return {MEM_TOPOLOGY, "mem_topology",
          countedSection(int32_t(banks.size()),
                         offsetof(mem_topology, m_mem_data), banks)};
}

static Section ipLayout() {
  ip_data unit{};
  unit.m_type = IP_KERNEL;
  unit.properties = AP_CTRL_HS << IP_CONTROL_SHIFT | IP_INT_ENABLE_MASK;
  unit.m_base_address = kComputeUnitAddress;
  setText(unit.m_name, std::string(kernel::kName) + ":" + kernel::kInstance);
  std::vector<ip_data> units{unit};
  return {IP_LAYOUT, "ip_layout",
          countedSection(int32_t(1), offsetof(ip_layout, m_ip_data), units)};
}

/// The one bank that an argument's buffer must lie in.
static unsigned bankOf(const Target &target, unsigned argument) {
  if (argument >= kernel::kFirstPort)
    return kernel::hbmBank(argument - kernel::kFirstPort);
  return target.ddr ? kernel::ddrBank(target.hbm.ports)
                    : kernel::hbmBank(target.activationPort);
}

/// XRT's group_id() is the bank listed here, so hosts need no table of banks.
static Section connections(const Target &target) {
  std::vector<connection> list;
  for (unsigned i = 0; i < kernel::argumentCount(target.hbm.ports); ++i)
    if (kernel::isBuffer(i))
      list.push_back({int32_t(i), 0, int32_t(bankOf(target, i))});
  return {CONNECTIVITY, "connectivity",
          countedSection(int32_t(list.size()),
                         offsetof(connectivity, m_connection), list)};
}

static clock_freq clock(CLOCK_TYPE type, const char *name, double mhz) {
  clock_freq entry{};
  entry.m_freq_Mhz = uint16_t(std::lround(mhz));
  entry.m_type = type;
  setText(entry.m_name, name);
  return entry;
}

static Section clocks(const Target &target) {
  std::vector<clock_freq> list{
      clock(CT_DATA, "DATA_CLK", target.clocks.coreMHz),
      clock(CT_KERNEL, "KERNEL_CLK", target.clocks.hbmMHz)};
  return {CLOCK_FREQ_TOPOLOGY, "clocks",
          countedSection(int16_t(list.size()),
                         offsetof(clock_freq_topology, m_clock_freq), list)};
}

static std::vector<Section> sectionsOf(const Target &target,
                                       uint64_t tableHash) {
  uint64_t chipPackets =
      target.buffers.activationBits / (8 * isa::kPacketBytes);
  ModelBitstream bitstream{target.name, target.hbm.ports, chipPackets,
                           tableHash};
  return {memoryTopology(target),
          ipLayout(),
          connections(target),
          {EMBEDDED_METADATA, "metadata", bytesOf(kernelMetadata(target))},
          clocks(target),
          {BITSTREAM, "bitstream", bytesOf(formatBitstream(bitstream))}};
}

//===----------------------------------------------------------------------===//
// Container
//===----------------------------------------------------------------------===//

static constexpr size_t kSectionAlignment = 8;

static size_t aligned(size_t size) {
  return (size + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

/// axlf itself has room for one section header.
static size_t headerBytes(size_t sections) {
  return offsetof(axlf, m_sections) + sections * sizeof(axlf_section_header);
}

/// XXH3-128 of everything that distinguishes one xclbin from another, as a UUID
/// of version 8 (RFC 9562: contents are the application's own).
static std::array<unsigned char, 16>
contentUuid(const std::string &platform, const std::vector<Section> &sections) {
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(
      XXH3_createState(), XXH3_freeState);
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK)
    throw std::bad_alloc();
  auto add = [&](const void *data, uint64_t size) {
    XXH3_128bits_update(state.get(), &size, sizeof size);
    XXH3_128bits_update(state.get(), data, size);
  };
  add(platform.data(), platform.size());
  for (const Section &section : sections) {
    add(&section.kind, sizeof section.kind);
    add(section.bytes.data(), section.bytes.size());
  }
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state.get()));
  std::array<unsigned char, 16> uuid;
  std::memcpy(uuid.data(), digest.digest, uuid.size());
  uuid[6] = (uuid[6] & 0x0F) | 0x80; // version
  uuid[8] = (uuid[8] & 0x3F) | 0x80; // variant
  return uuid;
}

static axlf header(const std::string &platform,
                   const std::vector<Section> &sections, uint64_t bytes) {
  axlf top{};
  std::memcpy(top.m_magic, "xclbin2", sizeof top.m_magic);
  top.m_signature_length = -1; // not signed
  std::memset(top.reserved, 0xFF, sizeof top.reserved);
  std::memset(top.m_keyBlock, 0xFF, sizeof top.m_keyBlock);
  axlf_header &inner = top.m_header;
  inner.m_length = bytes;
  inner.m_versionMajor = 2;
  inner.m_mode = XCLBIN_FLAT;
  setText(inner.m_platformVBNV, platform);
  auto uuid = contentUuid(platform, sections);
  std::memcpy(inner.uuid, uuid.data(), uuid.size());
  std::memcpy(&top.m_uniqueId, uuid.data(), sizeof top.m_uniqueId);
  inner.m_numSections = uint32_t(sections.size());
  return top;
}

static axlf_section_header sectionHeader(const Section &section,
                                         size_t offset) {
  axlf_section_header result{};
  result.m_sectionKind = section.kind;
  setText(result.m_sectionName, section.name);
  result.m_sectionOffset = offset;
  result.m_sectionSize = section.bytes.size();
  return result;
}

static Bytes container(const std::string &platform,
                       const std::vector<Section> &sections) {
  size_t total = aligned(headerBytes(sections.size()));
  for (const Section &section : sections)
    total += aligned(section.bytes.size());
  Bytes file(total);
  axlf top = header(platform, sections, total);
  std::memcpy(file.data(), &top, offsetof(axlf, m_sections));
  size_t offset = aligned(headerBytes(sections.size()));
  for (size_t i = 0; i < sections.size(); ++i) {
    axlf_section_header entry = sectionHeader(sections[i], offset);
    std::memcpy(file.data() + headerBytes(i), &entry, sizeof entry);
    std::memcpy(file.data() + offset, sections[i].bytes.data(),
                sections[i].bytes.size());
    offset += aligned(sections[i].bytes.size());
  }
  return file;
}

Bytes driver::writeXclbin(const Target &target, uint64_t tableHash) {
  return container(platformName(target), sectionsOf(target, tableHash));
}
