//===- Engine.h - What executes the device model's runs ---------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_ENGINE_H
#define EDGELLM_HW_MODEL_XRT_ENGINE_H

#include <filesystem>
#include <string>

namespace edgellm::model {
struct Launch;
}

namespace edgellm::driver {

/// Selects the engine: "model", the functional model, which is the default, or
/// "hls", the sources of the hardware (hw/kernels) in C simulation.
inline constexpr char kEngineVariable[] = "EDGELLM_ENGINE";

/// Whether the variable selects the kernels. Throws Error when it names no
/// engine.
bool usesKernels();

/// The module that holds the kernels of a target, and its function of the type
/// Engine. Throws Error when this installation has none.
std::filesystem::path kernelsOf(const std::string &target);
inline constexpr char kKernelsSymbol[] = "edgellm_execute";

/// Executes a launch as model::execute does.
using Engine = bool (*)(const model::Launch &);

/// The engine that the variable selects, for a machine of this target. Throws
/// Error when there is no such engine or its module cannot be loaded.
Engine engineFor(const std::string &target);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_ENGINE_H
