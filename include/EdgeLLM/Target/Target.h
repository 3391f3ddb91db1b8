//===- Target.h - The machines a program can be built for -------*- C++ -*-===//
//
// A machine is data: one JSON file in hw/targets, described by
// hw/targets/target.schema.json. Everything that depends on a machine (the
// compiler's memory plan, the timing model, the xclbin of the device model,
// the HLS headers) reads it here and nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_TARGET_TARGET_H
#define EDGELLM_TARGET_TARGET_H

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

struct Target {
  /// The name of the file without .json.
  std::string name;
  /// One line; says which figures are modelling choices.
  std::string description;
  /// The FPGA, empty for a machine that exists only as a model.
  std::string part;
  /// Name of the XRT platform (VBNV), empty when XRT knows none.
  std::string platform;

  /// Weights and KV cache. Port p occupies portBytes from
  /// baseAddress + p * portBytes of the device's address space.
  struct Hbm {
    unsigned ports = 0;          ///< 8, 16 or 32
    uint64_t portBytes = 0;      ///< capacity of one port
    uint64_t baseAddress = 0;    ///< of port 0
    unsigned portBits = 0;       ///< data width of one port
    double nominalBandwidth = 0; ///< all ports, bytes/s, as the memory is sold
    /// What the machine asks for when every port delivers every cycle, bytes/s.
    double streamBandwidth(double hbmMHz) const {
      return ports * (portBits / 8) * hbmMHz * 1e6;
    }
  } hbm;

  /// Programs and activations; absent on cards with HBM only.
  struct Ddr {
    uint64_t bytes = 0;
    uint64_t baseAddress = 0;
    double bandwidth = 0; ///< bytes/s
  };
  std::optional<Ddr> ddr;

  /// The HBM port whose bank holds programs and activations when there is no
  /// DDR; 0 and without meaning otherwise.
  unsigned activationPort = 0;

  struct Clocks {
    double hbmMHz = 0;  ///< HBM path and matrix unit
    double coreMHz = 0; ///< everything else
  } clocks;

  /// Multiply-accumulates in one core cycle: inputs x outputs. The inputs are
  /// fixed by the numerics, which align blocks of 128 and groups of 32.
  struct Array {
    unsigned int4Inputs = 0; ///< 128
    unsigned fp16Inputs = 0; ///< 32
    unsigned outputs = 0;    ///< 32 or 64
  } array;

  /// On-chip memory, in bits.
  struct Buffers {
    uint64_t activationBits = 0, weightBits = 0;
  } buffers;

  struct Limits {
    unsigned tokens = 0;   ///< longest context
    unsigned headSize = 0; ///< channels of the largest attention head
  } limits;

  /// What the FPGA offers; all zero when `part` is empty.
  struct Fabric {
    uint64_t lut = 0, ff = 0, dsp = 0, bram = 0;
  } fabric;

  /// What the timing model needs beyond the shapes and clocks above. Sources
  /// and how the fitted value was found are in hw/timing.md. Latencies are idle
  /// round trips; cycles are core cycles.
  struct Timing {
    // A port of the HBM, whose reads are bursts.
    unsigned burstBytes = 0;
    unsigned burstsInFlight = 0;            ///< as this machine is built
    unsigned unpipelinedBurstsInFlight = 0; ///< as few as the paper's machine
    double hbmLatencyNs = 0;
    /// Share of a pseudo-channel's nominal rate that a sequential stream gets
    /// between two refreshes: changes of rows and banks.
    double streamEfficiency = 0;
    double refreshIntervalNs = 0; ///< from one refresh of all banks to the next
    double refreshNs = 0;         ///< in which no bank delivers

    double ddrLatencyNs = 0; ///< of whatever holds the activations

    // Pipelines, from the last operand to the first result.
    unsigned arrayLatencyCycles = 0;
    unsigned vectorLatencyCycles = 0;
    /// Sum or maximum over a row, and the reciprocal or root taken of it.
    unsigned reductionLatencyCycles = 0;
    unsigned issueCycles = 0; ///< decoding and resolving one instruction
  } timing;

  /// Bytes for the program and the ddr buffer together: the DDR, or else the
  /// activation port, whose weights and KV cache come out of the same bytes.
  uint64_t activationBytes() const { return ddr ? ddr->bytes : hbm.portBytes; }
};

/// Reads a target file and checks every field and the sense of the whole.
/// Throws Error, naming the file and the field, for malformed JSON, duplicate,
/// unknown and missing fields, wrong types, values out of range, a name that is
/// not the file's, memories that overlap, and a stream the HBM cannot deliver.
Target loadTarget(const std::filesystem::path &jsonFile);

/// The same for the text of the file `jsonFile`, which is not read.
Target parseTarget(std::string_view text,
                   const std::filesystem::path &jsonFile);

/// A target by name ("vcu128", read from `targetsDir`) or, when the text ends
/// in .json or holds a slash, by path. Throws Error that lists the known names.
Target findTarget(std::string_view nameOrPath,
                  const std::filesystem::path &targetsDir);

/// The names that findTarget knows in a folder, sorted.
std::vector<std::string> targetNames(const std::filesystem::path &targetsDir);

/// One value of a target file, as loadTarget checks it.
struct TargetField {
  enum class Kind { text, integer, number };
  std::string path{}; ///< "hbm.ports"
  Kind kind = Kind::text;
  std::string pattern{};           ///< text: regular expression
  double minimum = 0, maximum = 0; ///< numbers, inclusive
  uint64_t multipleOf = 1;         ///< integers
  std::vector<uint64_t> choices{}; ///< integers: the allowed ones, if few
  bool required = true;            ///< within its object
};

/// Every field loadTarget knows, in the order of the files. The schema is
/// tested against this list.
std::vector<TargetField> targetFields();

} // namespace edgellm

#endif // EDGELLM_TARGET_TARGET_H
