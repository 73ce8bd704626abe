// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include <algorithm>

#include "operands.h"
#include "parallel.h"
#include "simd.h"

namespace augvit {
namespace {

constexpr int64_t kRows = 32;  // that a thread takes at a time

// Call f(row) for every row.
template <typename F>
void for_each_row(int64_t rows, F f) {
  parallel_parts(rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

// The largest of a row. (std::max_element takes twice as long as all the rest.)
float largest_of(const float *row, int64_t channels) {
  if (channels < kLanes) return *std::max_element(row, row + channels);
  Vec best = load(row + channels - kLanes);
  for (int64_t i = 0; i + kLanes <= channels; i += kLanes) {
    const Vec values = load(row + i);
    best = values > best ? values : best;
  }
  float largest = best[0];
  for (int64_t i = 1; i < kLanes; ++i) largest = std::max(largest, best[i]);
  return largest;
}

}  // namespace
}  // namespace augvit

// (x) -> y = exp(x) / sum(exp(x)) over the last axis
AUGVIT_KERNEL(softmax) {
  using namespace augvit;
  const Operand x = operands[0], y = operands[1];
  for_each_row(x.rows, [&](int64_t row) {
    const float *in = x.data + row * x.channels;
    float *out = y.data + row * x.channels;
    const float largest = largest_of(in, x.channels);
    Vec sums{};
    for_each_vec(0, x.channels, [&](int64_t i, int64_t n) {
      const Vec e = exp_of_negative(load_some(in + i, n) - largest);
      store_some(out + i, e, n);
      sums += load_some(out + i, n);  // read back: lanes that are not there count nothing
    });
    const float inverse = 1.0f / sum(sums);
    for (int64_t i = 0; i < x.channels; ++i) out[i] *= inverse;
  });
  return kDone;
}

// (y, dy) -> dx = y * (dy - sum(y * dy)), of the output y
AUGVIT_KERNEL(softmax_gradient) {
  using namespace augvit;
  const Operand y = operands[0], dy = operands[1], dx = operands[2];
  if (y.size() != dy.size()) return kShapes;
  for_each_row(y.rows, [&](int64_t row) {
    const float *out = y.data + row * y.channels, *up = dy.data + row * y.channels;
    float *down = dx.data + row * y.channels;
    Vec products{};
    for_each_vec(0, y.channels, [&](int64_t i, int64_t n) {
      products += load_some(out + i, n) * load_some(up + i, n);
    });
    const float along = sum(products);
    for (int64_t i = 0; i < y.channels; ++i) down[i] = out[i] * (up[i] - along);
  });
  return kDone;
}
