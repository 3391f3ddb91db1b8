//===- CoreUtil.h - What the driver calls in libxrt_coreutil ----*- C++ -*-===//
//
// libxrt_coreutil keeps one C++ object of class xrt_core::device for each open
// handle. Its header is not public; these are the three exported functions a
// driver needs, declared as they are mangled. None is virtual, so the layout of
// the class does not matter.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_MODEL_XRT_COREUTIL_H
#define EDGELLM_HW_MODEL_XRT_COREUTIL_H

#include <memory>

struct axlf;

namespace xrt_core {

class device {
public:
  /// Makes the xclbin's sections known to the objects of the C++ API.
  void register_axlf(const axlf *xclbin);
};

/// Makes the object for a new handle; the driver has to hold it.
std::shared_ptr<device> get_userpf_device(void *handle, unsigned index);
/// The object of a handle.
std::shared_ptr<device> get_userpf_device(void *handle);

} // namespace xrt_core

#endif // EDGELLM_HW_MODEL_XRT_COREUTIL_H
