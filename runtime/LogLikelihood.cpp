//===- LogLikelihood.cpp - How likely logits find a token -----------------===//
#include "EdgeLLM/Runtime/LogLikelihood.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

double edgellm::negativeLogLikelihood(std::span<const float> logits,
                                      uint32_t token) {
  double greatest = std::ranges::max(logits);
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - greatest);
  return greatest + std::log(sum) - logits[token];
}
