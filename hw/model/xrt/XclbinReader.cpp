//===- XclbinReader.cpp - What the driver takes from an xclbin ------------===//
#include "XclbinReader.h"

#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Support/Error.h"
#include "PageMapping.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <xclbin.h>

using namespace edgellm;
using namespace edgellm::driver;

namespace {

/// The file's table of sections, checked once.
class Sections {
public:
  explicit Sections(const axlf &file);

  /// The only section of a kind; `name` is for the Error when there is none or
  /// more than one.
  std::span<const std::byte> find(axlf_section_kind kind,
                                  const char *name) const;

  /// The array of a section that is a count and an array.
  template <typename Count, typename Entry>
  std::vector<Entry> entries(axlf_section_kind kind, const char *name,
                             size_t arrayOffset) const;

  /// The same, empty where there is no such section.
  template <typename Count, typename Entry>
  std::vector<Entry> entriesIfAny(axlf_section_kind kind, const char *name,
                                  size_t arrayOffset) const {
    if (count(kind) == 0)
      return {};
    return entries<Count, Entry>(kind, name, arrayOffset);
  }

private:
  int64_t count(axlf_section_kind kind) const {
    return std::ranges::count(headers, uint32_t(kind),
                              &axlf_section_header::m_sectionKind);
  }

  const std::byte *file;
  std::span<const axlf_section_header> headers;
};

} // namespace

Sections::Sections(const axlf &top)
    : file(reinterpret_cast<const std::byte *>(&top)) {
  if (std::memcmp(top.m_magic, "xclbin2", sizeof top.m_magic) != 0)
    fail("it does not begin with 'xclbin2'");
  uint64_t length = top.m_header.m_length;
  uint64_t count = top.m_header.m_numSections;
  constexpr uint64_t kFirst = offsetof(axlf, m_sections);
  if (length < kFirst ||
      count > (length - kFirst) / sizeof(axlf_section_header))
    fail("its table of ", count, " sections does not fit its ", length,
         " bytes");
  headers = {top.m_sections, size_t(count)};
  for (const axlf_section_header &section : headers)
    if (section.m_sectionOffset > length ||
        section.m_sectionSize > length - section.m_sectionOffset)
      fail("its section of kind ", section.m_sectionKind, " ends at ",
           section.m_sectionOffset, " + ", section.m_sectionSize,
           ", the file at ", length);
}

std::span<const std::byte> Sections::find(axlf_section_kind kind,
                                          const char *name) const {
  if (count(kind) != 1)
    fail("it has ", count(kind), " sections ", name, ", expected one");
  auto section = std::ranges::find(headers, uint32_t(kind),
                                   &axlf_section_header::m_sectionKind);
  return {file + section->m_sectionOffset, size_t(section->m_sectionSize)};
}

template <typename Count, typename Entry>
std::vector<Entry> Sections::entries(axlf_section_kind kind, const char *name,
                                     size_t arrayOffset) const {
  std::span<const std::byte> bytes = find(kind, name);
  Count count = 0;
  if (bytes.size() >= sizeof count)
    std::memcpy(&count, bytes.data(), sizeof count);
  if (bytes.size() < arrayOffset || count < 0 ||
      uint64_t(count) > (bytes.size() - arrayOffset) / sizeof(Entry))
    fail("its section ", name, " of ", bytes.size(), " bytes does not hold ",
         count, " entries");
  // Copied: nothing says that sections are aligned for their structures.
  std::vector<Entry> result{size_t(count)};
  auto to = std::as_writable_bytes(std::span(result));
  std::ranges::copy(bytes.subspan(arrayOffset, to.size()), to.begin());
  return result;
}

/// Text in a fixed field, whether or not its terminating zero is there.
template <typename Character, size_t size>
static std::string textOf(const Character (&field)[size]) {
  auto *text = reinterpret_cast<const char *>(field);
  return std::string(text, strnlen(text, size));
}

//===----------------------------------------------------------------------===//
// Banks
//===----------------------------------------------------------------------===//

static BankLayout bankOf(const mem_data &entry) {
  std::string tag = textOf(entry.m_tag);
  constexpr uint64_t kLimit = uint64_t(1) << 48;
  if (!entry.m_used || (entry.m_type != MEM_HBM && entry.m_type != MEM_DDR4))
    fail("its memory ", tag, " is neither HBM nor DDR4");
  if (entry.m_size == 0 || entry.m_size > kLimit / 1024 ||
      entry.m_base_address > kLimit || entry.m_size % (kPageBytes / 1024) ||
      entry.m_base_address % kPageBytes)
    fail("its memory ", tag, " of ", entry.m_size, " KiB at ",
         entry.m_base_address, " is not made of pages below 2^48");
  return {tag, entry.m_base_address, entry.m_size * 1024};
}

static void checkDisjoint(std::vector<BankLayout> banks) {
  std::ranges::sort(banks, {}, &BankLayout::address);
  for (size_t i = 1; i < banks.size(); ++i)
    if (banks[i].address - banks[i - 1].address < banks[i - 1].bytes)
      fail("its memories ", banks[i - 1].tag, " and ", banks[i].tag,
           " overlap");
}

static std::vector<BankLayout> readBanks(const Sections &sections) {
  std::vector<BankLayout> banks;
  for (const mem_data &entry : sections.entries<int32_t, mem_data>(
           MEM_TOPOLOGY, "MEM_TOPOLOGY", offsetof(mem_topology, m_mem_data)))
    banks.push_back(bankOf(entry));
  checkDisjoint(banks);
  return banks;
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

static void checkKernel(const Sections &sections) {
  auto units = sections.entries<int32_t, ip_data>(
      IP_LAYOUT, "IP_LAYOUT", offsetof(ip_layout, m_ip_data));
  std::string expected = std::string(kernel::kName) + ":" + kernel::kInstance;
  if (units.size() != 1 || units[0].m_type != IP_KERNEL ||
      textOf(units[0].m_name) != expected)
    fail("its only compute unit is not ", expected);
}

static unsigned readClock(const Sections &sections) {
  for (const clock_freq &clock : sections.entries<int16_t, clock_freq>(
           CLOCK_FREQ_TOPOLOGY, "CLOCK_FREQ_TOPOLOGY",
           offsetof(clock_freq_topology, m_clock_freq)))
    if (clock.m_type == CT_DATA)
      return clock.m_freq_Mhz;
  fail("it has no data clock");
}

/// Far more than any FPGA has; the driver allocates as much.
static constexpr uint64_t kMostChipPackets = uint64_t(1) << 24;

static ModelBitstream readBitstream(const Sections &sections) {
  std::span<const std::byte> bytes = sections.find(BITSTREAM, "BITSTREAM");
  return parseBitstream(
      {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
}

Xclbin driver::readXclbin(const axlf &file) {
  Sections sections(file);
  Xclbin result;
  std::ranges::copy(file.m_header.uuid, result.uuid.begin());
  result.platform = textOf(file.m_header.m_platformVBNV);
  // First: whether the file is for us at all is what a user must hear.
  result.bitstream = readBitstream(sections);
  checkKernel(sections);
  result.banks = readBanks(sections);
  if (result.bitstream.ports == 0 ||
      result.bitstream.ports > result.banks.size())
    fail("its ", result.bitstream.ports,
         " ports need as many memories, it has ", result.banks.size());
  if (result.bitstream.chipPackets > kMostChipPackets)
    fail("its activation buffer has ", result.bitstream.chipPackets,
         " packets, allowed are up to ", kMostChipPackets);
  result.clockMHz = readClock(sections);
  return result;
}

/// Arguments in the kernel's description, which is XML.
static size_t countArguments(const Sections &sections) {
  std::span<const std::byte> bytes =
      sections.find(EMBEDDED_METADATA, "EMBEDDED_METADATA");
  std::string_view text(reinterpret_cast<const char *>(bytes.data()),
                        bytes.size());
  size_t count = 0;
  constexpr std::string_view kElement = "<arg ";
  for (size_t at = 0; (at = text.find(kElement, at)) != text.npos; ++at)
    ++count;
  return count;
}

/// XRT looks the ends of a connection up without asking whether they exist.
static void checkConnections(const Sections &sections,
                             axlf_section_kind connectivity,
                             axlf_section_kind topology) {
  auto connections = sections.entriesIfAny<int32_t, connection>(
      connectivity, "of connections", offsetof(::connectivity, m_connection));
  auto memories = sections.entriesIfAny<int32_t, mem_data>(
      topology, "of memories", offsetof(mem_topology, m_mem_data));
  auto units = sections.entriesIfAny<int32_t, ip_data>(
      IP_LAYOUT, "IP_LAYOUT", offsetof(ip_layout, m_ip_data));
  size_t arguments = connections.empty() ? 0 : countArguments(sections);
  // A negative index is a great one here.
  for (const connection &entry : connections)
    if (size_t(entry.arg_index) >= arguments ||
        size_t(entry.m_ip_layout_index) >= units.size() ||
        size_t(entry.mem_data_index) >= memories.size())
      fail("it connects argument ", entry.arg_index, " of ", arguments,
           " of unit ", entry.m_ip_layout_index, " of ", units.size(),
           " to memory ", entry.mem_data_index, " of ", memories.size());
}

void driver::checkXclbin(std::span<const std::byte> file) {
  if (file.size() < sizeof(axlf))
    fail("it has ", file.size(), " bytes, the header of an xclbin ",
         sizeof(axlf));
  const axlf &top = *reinterpret_cast<const axlf *>(file.data());
  if (top.m_header.m_length > file.size())
    fail("its header says ", top.m_header.m_length, " bytes, the file has ",
         file.size());
  Sections sections(top);
  checkConnections(sections, CONNECTIVITY, MEM_TOPOLOGY);
  checkConnections(sections, ASK_GROUP_CONNECTIVITY, ASK_GROUP_TOPOLOGY);
  sections.entriesIfAny<int16_t, clock_freq>(
      CLOCK_FREQ_TOPOLOGY, "CLOCK_FREQ_TOPOLOGY",
      offsetof(clock_freq_topology, m_clock_freq));
}
