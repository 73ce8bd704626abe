// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include <algorithm>
#include <cmath>

#include "operands.h"
#include "parallel.h"
#include "simd.h"

namespace augvit {
namespace {

constexpr int64_t kRows = 32;  // that a thread takes at a time

// The sum of f(i, n) over the Vecs of a row; f keeps lanes that are not there at 0.
template <typename F>
float sum_over(int64_t channels, F f) {
  Vec total{};
  for_each_vec(0, channels, [&](int64_t i, int64_t n) { total += f(i, n); });
  return sum(total);
}

// The first n lanes, and 0 in the others.
Vec only(Vec values, int64_t n) {
  float lanes[kLanes] = {};
  store_some(lanes, values, n);
  return n == kLanes ? values : load(lanes);
}

struct Moments {
  float mean, inverse;  // 1 / sqrt(variance + epsilon)
};

Moments moments(const float *x, int64_t channels, float epsilon) {
  const float mean = sum_over(channels, [=](int64_t i, int64_t n) { return load_some(x + i, n); }) / channels;
  const float square = sum_over(channels, [=](int64_t i, int64_t n) {
    const Vec difference = only(load_some(x + i, n) - mean, n);
    return difference * difference;
  });
  return {mean, 1.0f / std::sqrt(square / channels + epsilon)};
}

}  // namespace
}  // namespace augvit

// (x, gamma, beta, epsilon) -> y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, over the last axis
AUGVIT_KERNEL(layer_norm) {
  using namespace augvit;
  const Operand x = operands[0], gamma = operands[1], beta = operands[2], y = operands[4];
  const float epsilon = operands[3].data[0];
  const int64_t channels = x.channels;
  if (gamma.size() != channels || beta.size() != channels) return kShapes;
  parallel_parts(x.rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * channels;
      float *out = y.data + row * channels;
      const Moments m = moments(in, channels, epsilon);
      for_each_vec(0, channels, [&](int64_t i, int64_t n) {
        const Vec normed = (load_some(in + i, n) - m.mean) * m.inverse;
        store_some(out + i, normed * load_some(gamma.data + i, n) + load_some(beta.data + i, n), n);
      });
    }
  });
  return kDone;
}

// (x, gamma, epsilon, dy) -> dx, dgamma, dbeta
AUGVIT_KERNEL(layer_norm_gradient) {
  using namespace augvit;
  const Operand x = operands[0], gamma = operands[1], dy = operands[3];
  const Operand dx = operands[4], dgamma = operands[5], dbeta = operands[6];
  const float epsilon = operands[2].data[0];
  const int64_t channels = x.channels;
  if (gamma.size() != channels || dy.size() != x.size()) return kShapes;
  PartialSums sums(x.rows, kRows, 2 * channels);
  parallel_parts(x.rows, kRows, [&](int64_t part, int64_t begin, int64_t end) {
    float *scales = sums.of(part), *shifts = scales + channels;
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * channels, *up = dy.data + row * channels;
      float *down = dx.data + row * channels;
      const Moments m = moments(in, channels, epsilon);
      const auto normed = [=](int64_t i, int64_t n) { return (load_some(in + i, n) - m.mean) * m.inverse; };
      const auto scaled = [=](int64_t i, int64_t n) { return load_some(up + i, n) * load_some(gamma.data + i, n); };
      const auto product = [=](int64_t i, int64_t n) { return scaled(i, n) * normed(i, n); };
      const float mean = sum_over(channels, scaled) / channels, along = sum_over(channels, product) / channels;
      for_each_vec(0, channels, [&](int64_t i, int64_t n) {
        const Vec gradient = load_some(up + i, n), x_normed = normed(i, n);
        store_some(down + i, m.inverse * (scaled(i, n) - mean - x_normed * along), n);
        store_some(scales + i, load_some(scales + i, n) + gradient * x_normed, n);
        store_some(shifts + i, load_some(shifts + i, n) + gradient, n);
      });
    }
  });
  sums.add_up(0, channels, dgamma.data);
  sums.add_up(channels, channels, dbeta.data);
  return kDone;
}
