// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include <algorithm>
#include <cmath>

#include "operands.h"
#include "parallel.h"
#include "simd.h"

namespace augvit {
namespace {

constexpr int64_t kRows = 32;  // that a thread takes at a time

// The sum of f(i) over i in [0, count): sixteen partial sums, whose order no compiler has to guess.
template <typename F>
float sum_over(int64_t count, F f) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(i + lane);
  for (int64_t lane = 0; i < count; ++i, ++lane) lanes[lane] += f(i);
  return sum(load(lanes));
}

struct Moments {
  float mean, inverse;  // 1 / sqrt(variance + epsilon)
};

Moments moments(const float *x, int64_t channels, float epsilon) {
  const float mean = sum_over(channels, [=](int64_t i) { return x[i]; }) / channels;
  const float square = sum_over(channels, [=](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  return {mean, 1.0f / std::sqrt(square / channels + epsilon)};
}

}  // namespace
}  // namespace augvit

// (x, gamma, beta, epsilon) -> y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, over the last axis
AUGVIT_KERNEL(layer_norm) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const Operand x = operands[0], gamma = operands[1], beta = operands[2], y = operands[4];
  const float epsilon = operands[3].data[0];
  const int64_t channels = x.channels;
  if (gamma.size() != channels || beta.size() != channels) return kShapes;
  parallel_parts(x.rows, kRows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * channels;
      float *out = y.data + row * channels;
      const Moments m = moments(in, channels, epsilon);
      for (int64_t i = 0; i < channels; ++i) out[i] = (in[i] - m.mean) * m.inverse * gamma.data[i] + beta.data[i];
    }
  });
  return kDone;
}

// (x, gamma, epsilon, dy) -> dx, dgamma, dbeta
AUGVIT_KERNEL(layer_norm_gradient) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const Operand x = operands[0], gamma = operands[1], dy = operands[3];
  const Operand dx = operands[4], dgamma = operands[5], dbeta = operands[6];
  const float epsilon = operands[2].data[0];
  const int64_t channels = x.channels;
  if (gamma.size() != channels || dy.size() != x.size()) return kShapes;
  PartialSums dgamma_sums(x.rows, kRows, channels), dbeta_sums(x.rows, kRows, channels);
  parallel_parts(x.rows, kRows, [&](int64_t part, int64_t begin, int64_t end) {
    float *scales = dgamma_sums.of(part), *shifts = dbeta_sums.of(part);
    for (int64_t row = begin; row < end; ++row) {
      const float *in = x.data + row * channels, *up = dy.data + row * channels;
      float *down = dx.data + row * channels;
      const Moments m = moments(in, channels, epsilon);
      const auto normed = [=](int64_t i) { return (in[i] - m.mean) * m.inverse; };
      const auto scaled = [=](int64_t i) { return up[i] * gamma.data[i]; };
      const float mean = sum_over(channels, scaled) / channels;
      const float along = sum_over(channels, [=](int64_t i) { return scaled(i) * normed(i); }) / channels;
      for (int64_t i = 0; i < channels; ++i) {
        down[i] = m.inverse * (scaled(i) - mean - normed(i) * along);
        scales[i] += up[i] * normed(i);
        shifts[i] += up[i];
      }
    }
  });
  dgamma_sums.add_up(dgamma.data);
  dbeta_sums.add_up(dbeta.data);
  return kDone;
}
