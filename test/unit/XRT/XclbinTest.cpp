//===- XclbinTest.cpp - Writing and reading xclbins -----------------------===//
#include "EdgeLLM/Target/Target.h"
#include "XRTTesting.h"
#include "XclbinReader.h"
#include "XclbinWriter.h"

#include <cstring>
#include <experimental/xrt_xclbin.h>
#include <xclbin.h>

using namespace edgellm;
using namespace edgellm::testing;

static constexpr uint64_t kHash = 0x0123456789abcdef;

static Target targetNamed(const std::string &name) {
  return findTarget(name, shareDirectory() / "targets");
}

static std::vector<char> written(const std::string &target,
                                 uint64_t tableHash = kHash) {
  auto bytes = driver::writeXclbin(targetNamed(target), tableHash);
  auto *first = reinterpret_cast<const char *>(bytes.data());
  return std::vector<char>(first, first + bytes.size());
}

//===----------------------------------------------------------------------===//
// As XRT reads them
//===----------------------------------------------------------------------===//

TEST(Xclbin, MemoriesOfTheTarget) {
  xrt::xclbin xclbin(written("u280"));
  auto banks = xclbin.get_mems();
  ASSERT_EQ(banks.size(), 33u);
  EXPECT_EQ(banks[5].get_tag(), "HBM[5]");
  EXPECT_EQ(banks[5].get_base_address(), 5 * (uint64_t(256) << 20));
  EXPECT_EQ(banks[5].get_size_kb(), 256u << 10);
  EXPECT_EQ(banks[32].get_tag(), "DDR[0]");
  EXPECT_EQ(banks[32].get_base_address(), 0x4000000000u);
  EXPECT_EQ(xrt::xclbin(written("u55c")).get_mems().size(), 32u);
}

TEST(Xclbin, KernelOfTheInterface) {
  xrt::xclbin xclbin(written("tiny"));
  ASSERT_EQ(xclbin.get_kernels().size(), 1u);
  xrt::xclbin::kernel found = xclbin.get_kernels()[0];
  EXPECT_EQ(found.get_name(), kernel::kName);
  ASSERT_EQ(found.get_cus().size(), 1u);
  EXPECT_EQ(found.get_cus()[0].get_name(), "edgellm:edgellm_1");
  ASSERT_EQ(found.get_num_args(), kernel::argumentCount(8));
  for (const xrt::xclbin::arg &argument : found.get_args()) {
    unsigned index = unsigned(argument.get_index());
    SCOPED_TRACE(index);
    EXPECT_EQ(argument.get_name(), kernel::argumentName(index));
    EXPECT_EQ(argument.get_offset(), kernel::argumentOffset(index));
    EXPECT_EQ(argument.get_size(), kernel::isBuffer(index) ? 8u : 4u);
  }
}

/// The tags of the banks that an argument is connected to.
static std::vector<std::string> banksOf(const std::string &target,
                                        unsigned argument) {
  xrt::xclbin xclbin(written(target));
  std::vector<std::string> tags;
  for (const auto &bank :
       xclbin.get_kernels()[0].get_arg(int(argument)).get_mems())
    tags.push_back(bank.get_tag());
  return tags;
}

TEST(Xclbin, EachBufferHasOneBank) {
  using Tags = std::vector<std::string>;
  EXPECT_EQ(banksOf("u280", kernel::kProgram), Tags{"DDR[0]"});
  EXPECT_EQ(banksOf("u280", kernel::kDdr), Tags{"DDR[0]"});
  EXPECT_EQ(banksOf("u280", kernel::kTokens), Tags{});
  EXPECT_EQ(banksOf("u280", kernel::kFirstPort + 17), Tags{"HBM[17]"});
  EXPECT_EQ(banksOf("u55c", kernel::kProgram), Tags{"HBM[31]"});
  EXPECT_EQ(banksOf("u55c", kernel::kDdr), Tags{"HBM[31]"});
}

TEST(Xclbin, UuidIsOfTheContents) {
  auto uuid = [](const std::vector<char> &file) {
    return xrt::xclbin(file).get_uuid().to_string();
  };
  EXPECT_EQ(written("tiny"), written("tiny"));
  EXPECT_NE(uuid(written("tiny")), uuid(written("tiny", kHash + 1)));
  EXPECT_NE(uuid(written("u280")), uuid(written("vcu128")));
  std::string text = uuid(written("tiny"));
  EXPECT_EQ(text[14], '8') << text; // version
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
}

TEST(Xclbin, PlatformOfTheTarget) {
  EXPECT_EQ(xrt::xclbin(written("u280")).get_xsa_name(),
            "xilinx_u280_gen3x16_xdma_base_1");
  EXPECT_EQ(xrt::xclbin(written("tiny")).get_xsa_name(), "edgellm_model_tiny");
}

//===----------------------------------------------------------------------===//
// As the driver reads them
//===----------------------------------------------------------------------===//

namespace {

/// An xclbin to damage. The parts are reached through the file's own table.
class DamagedXclbin : public ::testing::Test {
protected:
  axlf &top() { return *reinterpret_cast<axlf *>(file.data()); }

  axlf_section_header &section(axlf_section_kind kind) {
    for (uint32_t i = 0; i < top().m_header.m_numSections; ++i)
      if (top().m_sections[i].m_sectionKind == uint32_t(kind))
        return top().m_sections[i];
    throw std::logic_error("no such section");
  }
  char *contents(axlf_section_kind kind) {
    return file.data() + section(kind).m_sectionOffset;
  }
  template <typename Structure> Structure &contentsAs(axlf_section_kind kind) {
    return *reinterpret_cast<Structure *>(contents(kind));
  }
  std::string error() {
    return errorOf([&] { driver::readXclbin(top()); });
  }

  std::vector<char> file = written("tiny");
};

} // namespace

TEST_F(DamagedXclbin, IsRefusedBeforeXRTReadsIt) {
  auto refusal = [&] {
    return errorOf(
        [&] { driver::checkXclbin(std::as_bytes(std::span(file))); });
  };
  driver::checkXclbin(std::as_bytes(std::span(file))); // as it is
  size_t bytes = file.size();
  auto &connections = contentsAs<connectivity>(CONNECTIVITY);
  connections.m_connection[3].mem_data_index = 9;
  EXPECT_EQ(refusal(),
            "it connects argument 7 of 14 of unit 0 of 1 to memory 9 of 9");
  connections.m_connection[3].mem_data_index = -1;
  EXPECT_EQ(refusal(),
            "it connects argument 7 of 14 of unit 0 of 1 to memory -1 of 9");
  connections.m_connection[3] = {14, 0, 0};
  EXPECT_EQ(refusal(),
            "it connects argument 14 of 14 of unit 0 of 1 to memory 0 of 9");
  connections.m_count = 1 << 30;
  EXPECT_NE(refusal().find("does not hold 1073741824 entries"),
            std::string::npos);
  file.pop_back();
  EXPECT_EQ(refusal(), "its header says " + std::to_string(bytes) +
                           " bytes, the file has " + std::to_string(bytes - 1));
  file.resize(100);
  EXPECT_EQ(refusal(), "it has 100 bytes, the header of an xclbin 496");
}

TEST_F(DamagedXclbin, WholeOneIsRead) {
  driver::Xclbin xclbin = driver::readXclbin(top());
  EXPECT_EQ(xclbin.bitstream.target, "tiny");
  EXPECT_EQ(xclbin.bitstream.ports, 8u);
  EXPECT_EQ(xclbin.bitstream.chipPackets, 2048u); // 1024 kbit
  EXPECT_EQ(xclbin.bitstream.tableHash, kHash);
  EXPECT_EQ(xclbin.banks.size(), 9u);
  EXPECT_EQ(xclbin.banks[8].bytes, 16u << 20);
  EXPECT_EQ(xclbin.clockMHz, 100u);
}

TEST_F(DamagedXclbin, Magic) {
  top().m_magic[0] = 'X';
  EXPECT_EQ(error(), "it does not begin with 'xclbin2'");
}

TEST_F(DamagedXclbin, SectionTable) {
  top().m_header.m_numSections = 0x7FFFFFFF;
  EXPECT_NE(error().find("table of 2147483647 sections"), std::string::npos);
  top().m_header.m_numSections = 6;
  top().m_header.m_length = 100;
  EXPECT_NE(error().find("does not fit its 100 bytes"), std::string::npos);
}

TEST_F(DamagedXclbin, SectionOutsideTheFile) {
  section(IP_LAYOUT).m_sectionOffset = file.size() + 1;
  EXPECT_NE(error().find("kind 8 ends at"), std::string::npos);
  section(IP_LAYOUT).m_sectionOffset = 8;
  section(IP_LAYOUT).m_sectionSize = ~uint64_t(0);
  EXPECT_NE(error().find("kind 8 ends at"), std::string::npos);
}

TEST_F(DamagedXclbin, SectionMissingOrTwice) {
  section(MEM_TOPOLOGY).m_sectionKind = IP_LAYOUT;
  EXPECT_EQ(error(), "it has 2 sections IP_LAYOUT, expected one");
  section(IP_LAYOUT).m_sectionKind = DEBUG_DATA;
  EXPECT_EQ(error(), "it has 0 sections MEM_TOPOLOGY, expected one");
}

TEST_F(DamagedXclbin, CountBeyondTheSection) {
  for (int32_t wrong : {-1, 10, 0x7FFFFFFF}) {
    contentsAs<mem_topology>(MEM_TOPOLOGY).m_count = wrong;
    EXPECT_NE(error().find("does not hold"), std::string::npos);
  }
  section(MEM_TOPOLOGY).m_sectionSize = 3;
  EXPECT_NE(error().find("does not hold"), std::string::npos);
}

TEST_F(DamagedXclbin, Memories) {
  mem_data *banks = contentsAs<mem_topology>(MEM_TOPOLOGY).m_mem_data;
  banks[1].m_base_address = banks[0].m_base_address;
  EXPECT_EQ(error(), "its memories HBM[0] and HBM[1] overlap");
  banks[1].m_size = ~uint64_t(0);
  EXPECT_NE(error().find("not made of pages"), std::string::npos);
  banks[1].m_type = MEM_STREAMING;
  EXPECT_EQ(error(), "its memory HBM[1] is neither HBM nor DDR4");
}

TEST_F(DamagedXclbin, Kernel) {
  contentsAs<ip_layout>(IP_LAYOUT).m_ip_data[0].m_name[0] = 'E';
  EXPECT_EQ(error(), "its only compute unit is not edgellm:edgellm_1");
}

TEST_F(DamagedXclbin, ActivationBuffer) {
  Target target = targetNamed("tiny");
  target.buffers.activationBits = uint64_t(1) << 40;
  auto bytes = driver::writeXclbin(target, kHash);
  file.assign(reinterpret_cast<const char *>(bytes.data()),
              reinterpret_cast<const char *>(bytes.data() + bytes.size()));
  EXPECT_EQ(error(), "its activation buffer has 2147483648 packets, allowed "
                     "are up to 16777216");
}

TEST_F(DamagedXclbin, Bitstream) {
  std::string text(contents(BITSTREAM), section(BITSTREAM).m_sectionSize);
  size_t name = text.find("tiny");
  for (size_t i = 0; i < text.size(); ++i) {
    if (i >= name && i < name + 4)
      continue; // any name may stand there
    contents(BITSTREAM)[i] = '~';
    EXPECT_EQ(error(), "its bitstream is not one of the device model") << i;
    contents(BITSTREAM)[i] = text[i];
  }
  section(BITSTREAM).m_sectionSize = 0;
  EXPECT_EQ(error(), "its bitstream is not one of the device model");
}
