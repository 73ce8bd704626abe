// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Augmented shortcuts with block-circulant projections (Tang et al., NeurIPS 2021, Eq. 8, 11 and 14), whole:
//
//     out = scale * (x + y + sum_t act(C_t z + bias_t))
//
// for groups of `kLanes` tokens, which stay in the cache from their Fourier transform to the sum.
#include <algorithm>
#include <vector>

#include "circulant.h"
#include "gelu.h"
#include "operands.h"
#include "parallel.h"
#include "transpose.h"

namespace augvit {
namespace {

constexpr int64_t kGroups = 4;  // of tokens that share one sum of the gradients to generators and bias

struct Gelu {
  static Vec value(Vec x) { return gelu(x); }
  static Vec derivative(Vec x) { return gelu_derivative(x); }
};

struct Linear {
  static Vec value(Vec x) { return x; }
  static Vec derivative(Vec) { return splat(1.0f); }
};

// Vecs that a thread keeps from call to call.
Vec *workspace(int64_t count) {
  thread_local std::vector<Vec> room;
  if (static_cast<int64_t>(room.size()) < count) room.resize(count);
  return room.data();
}

// What the forward and the backward pass of a call share.
struct Call {
  Sizes sizes;
  const Fourier &fourier;
  std::shared_ptr<const Spectra> spectra;
  int64_t pair;  // Vecs that the two blocks of a pair take

  Call(const Sizes &s, const Operand &generators, const Operand &bias)
      : sizes(s), fourier(Fourier::of(s.n)), spectra(Spectra::of(s, generators, bias)), pair(2 * s.n) {}

  // The channels of pair `i` of the input, or of a path's output: the last block may have no partner.
  int64_t width(int64_t i) const { return std::min(pair, sizes.channels - i * pair); }

  // Write the spectra of rows of C channels, one pair behind the other.
  void transform(const float *rows, int64_t count, Vec *to) const {
    for (int64_t i = 0; i < sizes.pairs(); ++i, to += pair) {
      load_rows(rows + i * pair, sizes.channels, count, width(i), to);
      std::fill(to + width(i), to + pair, Vec{});
      fourier.forward(to, to + sizes.n);
    }
  }

  // Write pair `i` of C_t z + bias_t from the spectra of z.
  void project(int64_t i, int64_t path, const Vec *spectrum, Vec *to) const {
    spectra->forward.project(fourier, path * sizes.pairs() + i, spectrum, to);
    fourier.backward(to, to + sizes.n);
  }
};

template <typename Activation>
int forward(const Operands &operands) {
  const Operand x = operands[0], y = operands[1], z = operands[2], generators = operands[3], bias = operands[4];
  const float scale = operands[5].data[0];
  const Operand out = operands[6];
  const Sizes sizes(z, generators, bias);
  if (!sizes.valid || x.size() != z.size() || y.size() != z.size()) return kShapes;
  const Call call(sizes, generators, bias);
  const int64_t channels = sizes.channels, pair = call.pair, inputs = sizes.pairs() * pair;
  parallel_parts(sizes.tokens, kLanes, [&](int64_t, int64_t first, int64_t end) {
    const int64_t count = end - first, offset = first * channels;
    Vec *spectra = workspace(inputs + 2 * pair + channels), *projected = spectra + inputs, *sums = projected + pair;
    float *rows = reinterpret_cast<float *>(sums + pair);  // the paths' sums of each token, still in the cache
    call.transform(z.data + offset, count, spectra);
    for (int64_t i = 0; i < sizes.pairs(); ++i) {
      for (int64_t path = 0; path < sizes.paths; ++path) {
        call.project(i, path, spectra, projected);
        for (int64_t c = 0; c < call.width(i); ++c) {
          const Vec value = Activation::value(projected[c]);
          sums[c] = path == 0 ? value : sums[c] + value;
        }
      }
      store_rows(sums, channels, count, call.width(i), rows + i * pair);
    }
    for_each_vec(0, count * channels, [&](int64_t at, int64_t n) {
      const Vec sum = load_some(x.data + offset + at, n) + load_some(y.data + offset + at, n) + load_some(rows + at, n);
      store_some(out.data + offset + at, sum * scale, n);
    });
  });
  return kDone;
}

template <typename Activation>
int backward(const Operands &operands) {
  const Operand z = operands[0], generators = operands[1], bias = operands[2], dout = operands[4];
  const float scale = operands[3].data[0];
  const Operand dsum = operands[5], dz = operands[6], dgenerators = operands[7], dbias = operands[8];
  const Sizes sizes(z, generators, bias);
  if (!sizes.valid || dout.size() != z.size()) return kShapes;
  const Call call(sizes, generators, bias);
  const Map &map = call.spectra->forward;
  const int64_t channels = sizes.channels, pair = call.pair;
  const int64_t inputs = sizes.pairs() * pair, outputs = sizes.outputs() * pair;
  const int64_t of_weights = map.weights.size(), of_bias = sizes.paths * channels;
  PartialSums partial_sums(sizes.tokens, kGroups * kLanes, of_weights + of_bias);
  parallel_parts(sizes.tokens, kGroups * kLanes, [&](int64_t part, int64_t begin, int64_t end) {
    Vec *z_spectra = workspace(kGroups * (inputs + outputs) + inputs + pair + of_bias + kLanes);
    Vec *d_spectra = z_spectra + kGroups * inputs, *up = d_spectra + kGroups * outputs;
    Vec *down = up + inputs, *bias_sums = down + pair;
    std::fill(bias_sums, bias_sums + of_bias + kLanes, Vec{});
    int64_t group = 0;
    for (int64_t first = begin; first < end; first += kLanes, ++group) {
      const int64_t count = std::min(kLanes, end - first), offset = first * channels;
      Vec *z_spectrum = z_spectra + group * inputs, *d_spectrum = d_spectra + group * outputs;
      for (int64_t i = offset; i < offset + count * channels; ++i) dsum.data[i] = scale * dout.data[i];
      load_rows(dsum.data + offset, channels, count, channels, up);
      call.transform(z.data + offset, count, z_spectrum);
      for (int64_t path = 0; path < sizes.paths; ++path)
        for (int64_t i = 0; i < sizes.pairs(); ++i) {
          Vec *projected = d_spectrum + (path * sizes.pairs() + i) * pair;
          const int64_t channel = path * channels + i * pair;
          call.project(i, path, z_spectrum, projected);
          for (int64_t c = 0; c < call.width(i); ++c) {  // from the projections to their gradients
            projected[c] = up[i * pair + c] * Activation::derivative(projected[c]);
            bias_sums[channel + c] += projected[c];
          }
          std::fill(projected + call.width(i), projected + pair, Vec{});
          call.fourier.forward(projected, projected + sizes.n);
        }
      for (int64_t i = 0; i < sizes.pairs(); ++i) {
        call.spectra->transposed.project(call.fourier, i, d_spectrum, down);
        call.fourier.backward(down, down + sizes.n);
        store_rows(down, channels, count, call.width(i), dz.data + offset + i * pair);
      }
    }
    float *sums = partial_sums.of(part);
    correlate(call.fourier, map, group, z_spectra, d_spectra, sums);
    for_each_vec(0, of_bias, [&](int64_t c, int64_t n) {
      store_some(sums + of_weights + c, sums_of_lanes(bias_sums + c), n);
    });
  });
  std::vector<float> weights(of_weights);
  partial_sums.add_up(0, of_weights, weights.data());
  partial_sums.add_up(of_weights, of_bias, dbias.data);
  generator_gradient(sizes, weights.data(), dgenerators);
  return kDone;
}

}  // namespace
}  // namespace augvit

// (x, y, z, generators, bias, scale) -> out
AUGVIT_KERNEL(gelu_shortcut) { return augvit::forward<augvit::Gelu>(operands); }
AUGVIT_KERNEL(linear_shortcut) { return augvit::forward<augvit::Linear>(operands); }

// (z, generators, bias, scale, dout) -> dx = dy, dz, dgenerators, dbias
AUGVIT_KERNEL(gelu_shortcut_gradient) { return augvit::backward<augvit::Gelu>(operands); }
AUGVIT_KERNEL(linear_shortcut_gradient) { return augvit::backward<augvit::Linear>(operands); }
