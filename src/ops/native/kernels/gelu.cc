// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "gelu.h"

#include "operands.h"
#include "parallel.h"

namespace augvit {
namespace {

constexpr int64_t kPart = 16384;  // numbers a thread takes at a time: 64 KiB, 10 microseconds
constexpr int64_t kRows = 32;     // the same, of rows with a bias

template <typename F>
void for_all(int64_t size, F f) {
  parallel_parts(size, kPart, [&](int64_t, int64_t begin, int64_t end) { for_each_vec(begin, end, f); });
}

}  // namespace
}  // namespace augvit

// (x) -> x * Phi(x)
AUGVIT_KERNEL(gelu) {
  using namespace augvit;
  const Operand x = operands[0], y = operands[1];
  for_all(x.size(), [&](int64_t i, int64_t n) { store_some(y.data + i, gelu(load_some(x.data + i, n)), n); });
  return kDone;
}

// (x, dy) -> dx = dy * gelu'(x)
AUGVIT_KERNEL(gelu_gradient) {
  using namespace augvit;
  const Operand x = operands[0], dy = operands[1], dx = operands[2];
  if (x.size() != dy.size()) return kShapes;
  for_all(x.size(), [&](int64_t i, int64_t n) {
    store_some(dx.data + i, load_some(dy.data + i, n) * gelu_derivative(load_some(x.data + i, n)), n);
  });
  return kDone;
}

// (x, bias) -> gelu(x + bias)
AUGVIT_KERNEL(biased_gelu) {
  using namespace augvit;
  const Operand x = operands[0], bias = operands[1], y = operands[2];
  if (bias.size() != x.channels) return kShapes;
  parallel_parts(x.rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * x.channels;
      float *out = y.data + row * x.channels;
      for_each_vec(0, x.channels, [&](int64_t i, int64_t n) {
        store_some(out + i, gelu(load_some(in + i, n) + load_some(bias.data + i, n)), n);
      });
    }
  });
  return kDone;
}

// (x, bias, dy) -> dx, dbias
AUGVIT_KERNEL(biased_gelu_gradient) {
  using namespace augvit;
  const Operand x = operands[0], bias = operands[1], dy = operands[2], dx = operands[3], dbias = operands[4];
  if (bias.size() != x.channels || dy.size() != x.size()) return kShapes;
  PartialSums sums(x.rows, kRows, x.channels);
  parallel_parts(x.rows, kRows, [&](int64_t part, int64_t begin, int64_t end) {
    float *partial = sums.of(part);
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * x.channels, *up = dy.data + row * x.channels;
      float *down = dx.data + row * x.channels;
      for_each_vec(0, x.channels, [&](int64_t i, int64_t n) {
        const Vec slope = gelu_derivative(load_some(in + i, n) + load_some(bias.data + i, n));
        const Vec gradient = load_some(up + i, n) * slope;
        store_some(down + i, gradient, n);
        store_some(partial + i, load_some(partial + i, n) + gradient, n);
      });
    }
  });
  sums.add_up(0, x.channels, dbias.data);
  return kDone;
}
