//===- FloatingPoint.h - Rounding as hw/numerics.md needs it ----*- C++ -*-===//
#ifndef EDGELLM_MODEL_FLOATINGPOINT_H
#define EDGELLM_MODEL_FLOATINGPOINT_H

#include <cfenv>

namespace edgellm::model {

/// Round to nearest even, subnormals kept, for this thread and scope. A process
/// that loads the model may have set something else: libraries built with
/// -ffast-math flush subnormals, and FP16 subnormals are read through those of
/// binary32.
class DefaultFloatingPoint {
public:
  DefaultFloatingPoint() {
    std::fegetenv(&saved);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatingPoint() { std::fesetenv(&saved); }
  DefaultFloatingPoint(const DefaultFloatingPoint &) = delete;
  DefaultFloatingPoint &operator=(const DefaultFloatingPoint &) = delete;

private:
  std::fenv_t saved;
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_FLOATINGPOINT_H
