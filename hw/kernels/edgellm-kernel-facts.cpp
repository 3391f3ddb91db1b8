//===- edgellm-kernel-facts.cpp - What the kernels take from elsewhere ----===//
#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Model/Numerics.h"
#include "EdgeLLM/Target/TargetTool.h"
#include <bit>
#include <sstream>

using namespace edgellm;

static void define(std::ostream &text, const char *name, uint64_t value,
                   const char *comment) {
  text << "constexpr unsigned " << name << " = " << value << "; // " << comment
       << '\n';
}

/// The target.
static void writeMachine(std::ostream &text, const Target &target) {
  constexpr uint64_t packetBits = 8 * isa::kPacketBytes;
  text << "constexpr char kName[] = \"" << target.name << "\";\n";
  define(text, "kPorts", target.hbm.ports, "of the HBM");
  define(text, "kPortBits", target.hbm.portBits, "of one port");
  define(text, "kInt4Inputs", target.array.int4Inputs, "of the array");
  define(text, "kFp16Inputs", target.array.fp16Inputs, "of the array");
  define(text, "kOutputs", target.array.outputs, "of the array");
  define(text, "kChipPackets", target.buffers.activationBits / packetBits,
         "of the activation buffer");
  define(text, "kWeightPackets", target.buffers.weightBits / packetBits,
         "of the weight buffer");
  define(text, "kMaxTokens", target.limits.tokens, "longest context");
  define(text, "kMaxHeadSize", target.limits.headSize, "channels");
  define(text, "kBurstBytes", target.timing.burstBytes, "of an HBM port");
  define(text, "kBurstsInFlight", target.timing.burstsInFlight, "of a port");
}

/// The constants of hw/numerics.md.
static void writeNumerics(std::ostream &text) {
  define(text, "kBlock", numerics::kBlock, "inputs of an int4 scale, N6");
  define(text, "kGroup", numerics::kGroup, "inputs of an fp16 term, N7");
  define(text, "kGuardBits", numerics::kGuardBits, "N6");
  define(text, "kProductDrop", numerics::kProductDrop, "bits, N7");
  define(text, "kLog2E", std::bit_cast<uint32_t>(numerics::kLog2E),
         "binary32 pattern, N11");
  define(text, "kGeluLinear", std::bit_cast<uint32_t>(numerics::kGeluLinear),
         "binary32 pattern, N20");
  define(text, "kGeluCubic", std::bit_cast<uint32_t>(numerics::kGeluCubic),
         "binary32 pattern, N20");
  text << "constexpr unsigned kExpTable[] = { // N11";
  for (size_t i = 0; i < numerics::kExpTable.size(); ++i)
    text << (i % 8 ? " " : "\n    ") << numerics::kExpTable[i] << ',';
  text << "\n};\n";
}

/// EDGELLM_EACH_PORT: what the kernel has as often as ports.
static void writePorts(std::ostream &text, const Target &target) {
  text << "// action(name of the argument, number) for each port\n"
       << "#define EDGELLM_EACH_PORT(action)";
  for (unsigned port = 0; port < target.hbm.ports; ++port)
    text << " \\\n  action(" << kernel::argumentName(kernel::kFirstPort + port)
         << ", " << port << ')';
  text << '\n';
}

static std::string facts(const Target &target) {
  std::ostringstream text;
  text << "// Written by edgellm-kernel-facts for target " << target.name
       << ".\n#ifndef EDGELLM_KERNELS_MACHINE_H\n"
       << "#define EDGELLM_KERNELS_MACHINE_H\n\n"
       << "namespace edgellm::machine {\n";
  writeMachine(text, target);
  writeNumerics(text);
  text << "} // namespace edgellm::machine\n\n";
  writePorts(text, target);
  text << "\n#endif\n";
  return text.str();
}

int main(int argc, char **argv) {
  return runTargetTool(
      {.name = "edgellm-kernel-facts",
       .summary = "Writes the parameters that the HLS kernels in hw/kernels "
                  "share with a target and with the device model.",
       .example = "edgellm-kernel-facts --target=u280.json -o machine.h",
       .write = [](const Target &target,
                   AtomicFile &file) { file.write(facts(target)); }},
      argc, argv);
}
