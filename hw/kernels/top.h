//===- top.h - The kernel as XRT sees it ----------------------------------===//
#ifndef EDGELLM_HW_KERNELS_TOP_H
#define EDGELLM_HW_KERNELS_TOP_H

#include "types.h"

namespace edgellm::kernels {

#define EDGELLM_PORT_ARGUMENT(name, number) , PortWord *name

/// The arguments are those of ISA/KernelInterface.h, in their order: one buffer
/// for each port at the end. In a namespace because of its name, which is that
/// of one; its linkage is that of C.
extern "C" void
edgellm(const Packet *program, unsigned entry, Packet *ddr, unsigned tokens,
        unsigned past,
        unsigned sequence EDGELLM_EACH_PORT(EDGELLM_PORT_ARGUMENT));

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_TOP_H
