//===- LogLikelihood.h - How likely logits find a token ---------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_LOGLIKELIHOOD_H
#define EDGELLM_RUNTIME_LOGLIKELIHOOD_H

#include <cstdint>
#include <span>

namespace edgellm {

/// -ln of the probability that `logits` give to `token`, as a log-sum-exp in
/// binary64.
double negativeLogLikelihood(std::span<const float> logits, uint32_t token);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_LOGLIKELIHOOD_H
