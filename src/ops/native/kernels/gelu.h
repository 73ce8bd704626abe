// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The exact GELU, x * Phi(x), and its derivative, by polynomials alone: no exponential, no division.
#pragma once

#include "simd.h"

namespace augvit {

// Where the polynomial below is 0, and stays; Phi(-8.5) is 1e-17.
constexpr float kEnd = 8.5f;

// Phi(-a) for 0 <= a <= kEnd, as the 16th power of a polynomial: its root of 16th order is what Phi's long tail needs.
// Fitted for the largest error of a * Phi(-a), which is 6e-7; in float32 it is 9e-7.
inline Vec tail(Vec a) {
  Vec p = splat(4.57275309599936e-05f);
  p = p * a - 3.048191429115832e-04f;
  p = p * a - 1.1919798562303185e-03f;
  p = p * a + 7.6327878050506115e-03f;
  p = p * a + 1.126595064997673e-01f;
  p = p * (kEnd - a);
  p = p * p;
  p = p * p;
  p = p * p;
  return p * p;
}

inline Vec gelu(Vec x) {
  const Vec distance = absolute(x), a = at_most(distance, kEnd);
  return 0.5f * (x + distance) - a * tail(a);  // max(x, 0) - ..., where NaN stays NaN
}

// Phi(x) + x * Phi'(x). For x = -a that is Phi(-a) times a polynomial, to 1.1e-6; for x = a it is 1 minus the same.
inline Vec gelu_derivative(Vec x) {
  const Vec a = at_most(absolute(x), kEnd);
  Vec p = splat(8.876111678546295e-05f);
  p = p * a - 6.75435469020158e-04f;
  p = p * a + 2.173443780525192e-04f;
  p = p * a + 1.732546091079712e-02f;
  p = p * a - 1.0632352530956268e-01f;
  p = p * a - 6.383050084114075e-01f;
  p = p * a - 7.97420859336853e-01f;
  p = p * a + 9.999582171440125e-01f;
  p = p * tail(a);
  return x < 0.0f ? p : 1.0f - p;
}

}  // namespace augvit
