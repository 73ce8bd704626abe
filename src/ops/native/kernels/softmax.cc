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

// y = exp(x) / sum(exp(x)) of one row.
void softmax_row(const float *x, int64_t channels, float *y) {
  const float largest = largest_of(x, channels);
  Vec sums{};
  for_each_vec(0, channels, [&](int64_t i, int64_t n) {
    const Vec e = exp_of_negative(load_some(x + i, n) - largest);
    store_some(y + i, e, n);
    sums += load_some(y + i, n);  // read back: lanes that are not there count nothing
  });
  const float inverse = 1.0f / sum(sums);
  for (int64_t i = 0; i < channels; ++i) y[i] *= inverse;
}

// dx = y * (dy - sum(y * dy)) of one row.
void softmax_row_gradient(const float *y, const float *dy, int64_t channels, float *dx) {
  Vec products{};
  for_each_vec(0, channels, [&](int64_t i, int64_t n) { products += load_some(y + i, n) * load_some(dy + i, n); });
  const float along = sum(products);
  for (int64_t i = 0; i < channels; ++i) dx[i] = y[i] * (dy[i] - along);
}

}  // namespace
}  // namespace augvit

// (x) -> softmax(x) over the last axis
AUGVIT_KERNEL(softmax) {
  using namespace augvit;
  const Operand x = operands[0], y = operands[1];
  for_each_row(x.rows, [&](int64_t row) {
    softmax_row(x.data + row * x.channels, x.channels, y.data + row * x.channels);
  });
  return kDone;
}

// (y, dy) -> dx, of the output y
AUGVIT_KERNEL(softmax_gradient) {
  using namespace augvit;
  const Operand y = operands[0], dy = operands[1], dx = operands[2];
  if (y.size() != dy.size()) return kShapes;
  for_each_row(y.rows, [&](int64_t row) {
    const int64_t at = row * y.channels;
    softmax_row_gradient(y.data + at, dy.data + at, y.channels, dx.data + at);
  });
  return kDone;
}

// (x, bias) -> softmax(x + bias) over the last axis; the rows of the bias are used again and again
AUGVIT_KERNEL(biased_softmax) {
  using namespace augvit;
  const Operand x = operands[0], bias = operands[1], y = operands[2];
  if (x.channels != bias.channels || x.rows % bias.rows) return kShapes;
  for_each_row(x.rows, [&](int64_t row) {
    const float *in = x.data + row * x.channels, *more = bias.data + row % bias.rows * x.channels;
    float *out = y.data + row * x.channels;
    for (int64_t i = 0; i < x.channels; ++i) out[i] = in[i] + more[i];
    softmax_row(out, x.channels, out);
  });
  return kDone;
}

// (y, dy, bias) -> dx, dbias, of the output y
AUGVIT_KERNEL(biased_softmax_gradient) {
  using namespace augvit;
  const Operand y = operands[0], dy = operands[1], dx = operands[3], dbias = operands[4];
  if (y.size() != dy.size() || y.channels != dbias.channels || y.rows % dbias.rows) return kShapes;
  for_each_row(dbias.rows, [&](int64_t first) {  // every row that this one was added to, always in the same order
    float *total = dbias.data + first * y.channels;
    std::fill_n(total, y.channels, 0.0f);
    for (int64_t row = first; row < y.rows; row += dbias.rows) {
      const int64_t at = row * y.channels;
      softmax_row_gradient(y.data + at, dy.data + at, y.channels, dx.data + at);
      for (int64_t i = 0; i < y.channels; ++i) total[i] += dx.data[at + i];
    }
  });
  return kDone;
}
