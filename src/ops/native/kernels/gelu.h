// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The exact GELU, x * Phi(x), and its derivative.
#pragma once

#include "simd.h"

namespace augvit {

struct Normal {
  Vec distribution;  // Phi(x)
  Vec bell;          // exp(-x^2 / 2)
};

// Phi by Abramowitz and Stegun's formula 7.1.26 for erf (error 1.5e-7), of the tail, so that Phi(-9) is not 0.
inline Normal normal(Vec x) {
  const Vec z = absolute(x) * 0.70710678f;
  const Vec t = 1.0f / (z * 0.3275911f + 1.0f);
  Vec p = splat(1.061405429f);
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Vec bell = exp_of_negative(-z * z);
  const Vec tail = 0.5f * p * t * bell;  // Phi(-|x|)
  return {x < 0.0f ? tail : 1.0f - tail, bell};
}

inline Vec gelu(Vec x) { return x * normal(x).distribution; }

// Phi(x) + x * Phi'(x)
inline Vec gelu_derivative(Vec x) {
  const Normal n = normal(x);
  return n.distribution + x * n.bell * 0.39894228f;
}

}  // namespace augvit
