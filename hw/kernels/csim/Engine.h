//===- Engine.h - The kernel as a device model ------------------*- C++ -*-===//
#ifndef EDGELLM_HW_KERNELS_CSIM_ENGINE_H
#define EDGELLM_HW_KERNELS_CSIM_ENGINE_H

#include "EdgeLLM/Model/Device.h"

namespace edgellm::kernels {

/// model::execute, done by the sources of the hardware in C simulation: the
/// same memory and the same status, with two exceptions that only a host can
/// know of: a program that runs past the end of its buffer ends with whatever
/// the bytes there would be, here zeros, and a machine of another shape is an
/// Error. Buffers start at multiples of 8 bytes.
///
/// Throws Error when the launch is not for the target that this was built for,
/// or when the processes of the kernel wait for each other for ever.
bool execute(const model::Launch &launch);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_CSIM_ENGINE_H
