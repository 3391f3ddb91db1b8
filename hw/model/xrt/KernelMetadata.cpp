//===- KernelMetadata.cpp - The kernel in an xclbin's XML -----------------===//
#include "KernelMetadata.h"

#include "EdgeLLM/ISA/KernelInterface.h"

#include <sstream>

using namespace edgellm;
using namespace edgellm::driver;

namespace {

/// One XML element; the attributes are ours or match the target's patterns, so
/// nothing needs escaping.
class Element {
public:
  explicit Element(std::ostream &out, const char *name) : out(out) {
    out << '<' << name;
  }
  template <typename Value>
  Element &attribute(const char *name, const Value &value) {
    out << ' ' << name << "=\"" << value << '"';
    return *this;
  }
  Element &hex(const char *name, uint64_t value) {
    out << ' ' << name << "=\"0x" << std::hex << value << std::dec << '"';
    return *this;
  }
  void open() { out << ">\n"; }
  void close() { out << "/>\n"; }

private:
  std::ostream &out;
};

} // namespace

static constexpr char kControlPort[] = "S_AXI_CONTROL";

/// The AXI master that an argument's buffer is reached through: one for the
/// program and the activations, one for each HBM port.
static std::string masterOf(unsigned argument) {
  if (argument < kernel::kFirstPort)
    return "M_AXI_MEMORY";
  return "M_AXI_HBM" + kernel::argumentName(argument).substr(3);
}

static void writeMaster(std::ostream &out, const std::string &name,
                        unsigned bits) {
  Element(out, "port")
      .attribute("name", name)
      .attribute("mode", "master")
      .hex("range", 0xFFFFFFFFFFFFFFFF)
      .attribute("dataWidth", bits)
      .attribute("portType", "addressable")
      .hex("base", 0)
      .close();
}

static void writePorts(std::ostream &out, const Target &target) {
  constexpr unsigned kPacketBits = 512;
  writeMaster(out, masterOf(kernel::kDdr), kPacketBits);
  for (unsigned port = 0; port < target.hbm.ports; ++port)
    writeMaster(out, masterOf(kernel::kFirstPort + port), target.hbm.portBits);
  Element(out, "port")
      .attribute("name", kControlPort)
      .attribute("mode", "slave")
      .hex("range", kernel::kRegisterBytes)
      .attribute("dataWidth", 32)
      .attribute("portType", "addressable")
      .hex("base", 0)
      .close();
}

static void writeArgument(std::ostream &out, unsigned argument) {
  bool isBuffer = kernel::isBuffer(argument);
  unsigned bytes = isBuffer ? 8 : 4;
  Element(out, "arg")
      .attribute("name", kernel::argumentName(argument))
      .attribute("addressQualifier", isBuffer ? 1 : 0)
      .attribute("id", argument)
      .attribute("port", isBuffer ? masterOf(argument) : kControlPort)
      .hex("size", bytes)
      .hex("offset", kernel::argumentOffset(argument))
      .hex("hostOffset", 0)
      .hex("hostSize", bytes)
      .attribute("type", isBuffer ? "void*" : "uint")
      .close();
}

static void writeInstance(std::ostream &out) {
  Element(out, "instance").attribute("name", kernel::kInstance).open();
  Element(out, "addrRemap")
      .hex("base", kComputeUnitAddress)
      .hex("range", kernel::kRegisterBytes)
      .attribute("port", kControlPort)
      .close();
  out << "</instance>\n";
}

static void writeKernel(std::ostream &out, const Target &target) {
  Element(out, "kernel")
      .attribute("name", kernel::kName)
      .attribute("language", "c")
      .attribute("type", "pl")
      .attribute("hwControlProtocol", "ap_ctrl_hs")
      .open();
  writePorts(out, target);
  for (unsigned i = 0; i < kernel::argumentCount(target.hbm.ports); ++i)
    writeArgument(out, i);
  writeInstance(out);
  out << "</kernel>\n";
}

std::string driver::platformName(const Target &target) {
  return target.platform.empty() ? "edgellm_model_" + target.name
                                 : target.platform;
}

std::string driver::kernelMetadata(const Target &target) {
  std::ostringstream out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  Element(out, "project").attribute("name", kernel::kName).open();
  Element(out, "platform").attribute("name", platformName(target)).open();
  Element(out, "device")
      .attribute("name", "fpga0")
      .attribute("fpgaDevice", target.part)
      .open();
  Element(out, "core")
      .attribute("name", "OCL_REGION_0")
      .attribute("target", "hw")
      .attribute("type", "clc_region")
      .open();
  writeKernel(out, target);
  out << "</core>\n</device>\n</platform>\n</project>\n";
  return out.str();
}
