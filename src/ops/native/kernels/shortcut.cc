// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Augmented shortcuts with block-circulant projections (Tang et al., NeurIPS 2021, Eq. 8, 11 and 14), whole:
//
//     out = scale * (x + y + sum_t act(C_t z + bias_t))
//
// for groups of sixteen tokens, which stay in the first-level cache from their Fourier transform to the sum.
#include <algorithm>
#include <vector>

#include "fourier.h"
#include "gelu.h"
#include "operands.h"
#include "parallel.h"
#include "transpose.h"

namespace augvit {
namespace {

constexpr int64_t kPart = 8 * kLanes;  // tokens that share one sum of the generators' gradient

struct Gelu {
  static Vec value(Vec x) { return gelu(x); }
  static Vec derivative(Vec x) { return gelu_derivative(x); }
};

struct Linear {
  static Vec value(Vec x) { return x; }
  static Vec derivative(Vec) { return splat(1.0f); }
};

// The sizes of one shortcut. A block is n channels: b of them go in, T * b come out, path by path.
struct Sizes {
  int64_t tokens, channels, n, inputs, outputs;

  // Of z (..., C), the generators (T, b, b, n) and the bias (T * C).
  Sizes(const Operand &z, const Operand &generators, const Operand &bias)
      : tokens(z.rows), channels(z.channels), n(generators.channels), inputs(z.channels / n), outputs(bias.size() / n) {
    valid = tokens > 0 && inputs * n == channels && bias.size() % channels == 0 && generators.rows == inputs * outputs;
  }

  bool valid;
};

// Vecs that a thread keeps from call to call.
Vec *workspace(int64_t count) {
  thread_local std::vector<Vec> room;
  if (static_cast<int64_t>(room.size()) < count) room.resize(count);
  return room.data();
}

// Blocks of real numbers, `blocks` of n Vecs, to their spectra: real and imaginary part of frequency k of block j stand
// at 2 * (k * blocks + j). Two blocks share a transform, as its real and its imaginary part. `values` is overwritten,
// and has room for one more block where `blocks` is odd.
void to_spectra(const Fourier &fourier, Vec *values, int64_t blocks, Vec *spectra, Vec *spare) {
  const int64_t n = fourier.points();
  for (int64_t j = 0; j < blocks; j += 2) {
    Vec *real = values + j * n, *imaginary = real + n;
    if (j + 1 == blocks) std::fill(imaginary, imaginary + n, Vec{});
    fourier.transform(real, imaginary, spare);
    for (int64_t k = 0; k < fourier.frequencies(); ++k) {
      const int64_t mirror = k == 0 ? 0 : n - k;
      Vec *to = spectra + 2 * (k * blocks + j);
      to[0] = (real[k] + real[mirror]) * 0.5f;
      to[1] = (imaginary[k] - imaginary[mirror]) * 0.5f;
      if (j + 1 == blocks) continue;
      to[2] = (imaginary[k] + imaginary[mirror]) * 0.5f;
      to[3] = (real[mirror] - real[k]) * 0.5f;
    }
  }
}

// The way back, times n, for two blocks whose frequency k the function gives: first(k), second(k) -> {real, imaginary}.
struct Bin {
  Vec real, imaginary;
};

template <typename First, typename Second>
void from_spectra(const Fourier &fourier, First first, Second second, Vec *values, Vec *spare) {
  const int64_t n = fourier.points();
  Vec *real = values, *imaginary = values + n;
  for (int64_t k = 0; k < fourier.frequencies(); ++k) {
    const Bin a = first(k), b = second(k);
    const int64_t mirror = k == 0 ? 0 : n - k;
    real[mirror] = a.real + b.imaginary;
    imaginary[mirror] = b.real - a.imaginary;
    real[k] = a.real - b.imaginary;
    imaginary[k] = a.imaginary + b.real;
  }
  fourier.transform(imaginary, real, spare);
}

// The spectra of the generators over n, for the inverse transform: [frequency][output][input][real, imaginary].
std::vector<float> generator_spectra(const Fourier &fourier, const Operand &generators) {
  const int64_t n = fourier.points(), frequencies = fourier.frequencies();
  std::vector<float> spectra(2 * frequencies * generators.rows);
  Vec *values = workspace(2 * n + 2 * frequencies + 2 * n), *bins = values + 2 * n, *spare = bins + 2 * frequencies;
  for (int64_t first = 0; first < generators.rows; first += kLanes) {
    const int64_t count = std::min(kLanes, generators.rows - first);
    load_rows(generators.data + first * n, count, n, values);
    to_spectra(fourier, values, 1, bins, spare);
    for (int64_t k = 0; k < frequencies; ++k)
      for (int64_t lane = 0; lane < count; ++lane)
        for (int64_t part = 0; part < 2; ++part)
          spectra[2 * (k * generators.rows + first + lane) + part] = bins[2 * k + part][lane] / n;
  }
  return spectra;
}

// Frequency k of output i: sum_j W_ij Z_j.
Bin product(const float *w, const Vec *z, int64_t inputs) {
  Bin total{};
  for (int64_t j = 0; j < inputs; ++j) {
    const Vec real = z[2 * j], imaginary = z[2 * j + 1];
    total.real += real * w[2 * j] - imaginary * w[2 * j + 1];
    total.imaginary += real * w[2 * j + 1] + imaginary * w[2 * j];
  }
  return total;
}

// Frequency k of the gradient to input j: sum_i conj(W_ij) D_i; `stride` floats lie between two outputs in `w`.
Bin transposed_product(const float *w, int64_t stride, const Vec *d, int64_t outputs) {
  Bin total{};
  for (int64_t i = 0; i < outputs; ++i, w += stride) {
    const Vec real = d[2 * i], imaginary = d[2 * i + 1];
    total.real += real * w[0] + imaginary * w[1];
    total.imaginary += imaginary * w[0] - real * w[1];
  }
  return total;
}

// What the forward and the backward pass of a call share.
struct Call {
  Sizes sizes;
  Fourier fourier;
  std::vector<float> w;  // spectra of the generators

  Call(const Sizes &s, const Operand &generators) : sizes(s), fourier(s.n), w(generator_spectra(fourier, generators)) {}

  // Fill `values` with C_t z of the outputs i and i + 1, from the spectra of z.
  void project(int64_t i, const Vec *spectra, Vec *values, Vec *spare) const {
    const int64_t row = 2 * sizes.inputs;
    const auto output = [&](int64_t which) {
      return [=](int64_t k) {
        if (which == sizes.outputs) return Bin{};
        return product(w.data() + (k * sizes.outputs + which) * row, spectra + k * row, sizes.inputs);
      };
    };
    from_spectra(fourier, output(i), output(i + 1), values, spare);
  }

  // The same with the transposed matrices: the gradient to the inputs j and j + 1, from the spectra of the outputs'.
  void project_back(int64_t j, const Vec *spectra, Vec *values, Vec *spare) const {
    const int64_t row = 2 * sizes.inputs;
    const auto input = [&](int64_t which) {
      return [=](int64_t k) {
        if (which == sizes.inputs) return Bin{};
        const float *column = w.data() + k * sizes.outputs * row + 2 * which;
        return transposed_product(column, row, spectra + 2 * k * sizes.outputs, sizes.outputs);
      };
    };
    from_spectra(fourier, input(j), input(j + 1), values, spare);
  }

  // Add conj(Z_j) D_i of every frequency: the gradient of the generators, [frequency][output][input][real, imaginary].
  void add_correlations(const Vec *z, const Vec *d, Vec *to) const {
    for (int64_t k = 0; k < fourier.frequencies(); ++k, z += 2 * sizes.inputs)
      for (int64_t i = 0; i < sizes.outputs; ++i, d += 2)
        for (int64_t j = 0; j < sizes.inputs; ++j, to += 2) {
          to[0] += z[2 * j] * d[0] + z[2 * j + 1] * d[1];
          to[1] += z[2 * j] * d[1] - z[2 * j + 1] * d[0];
        }
  }

  // Vecs that all inputs, or all outputs, take: two blocks share a transform.
  int64_t room_for_inputs() const { return (sizes.inputs + 1) / 2 * 2 * sizes.n; }
  int64_t room_for_outputs() const { return (sizes.outputs + 1) / 2 * 2 * sizes.n; }
};

template <typename Activation>
int forward(const Operands &operands) {
  const Operand x = operands[0], y = operands[1], z = operands[2], generators = operands[3], bias = operands[4];
  const float scale = operands[5].data[0];
  const Operand out = operands[6];
  const Sizes sizes(z, generators, bias);
  if (!sizes.valid || x.size() != z.size() || y.size() != z.size()) return kShapes;
  const Call call(sizes, generators);
  const int64_t channels = sizes.channels, n = sizes.n;
  parallel_parts(sizes.tokens, kLanes, [&](int64_t, int64_t first, int64_t end) {
    const int64_t count = end - first;
    const int64_t spectrum = 2 * call.fourier.frequencies() * sizes.inputs;
    Vec *tokens = workspace(call.room_for_inputs() + spectrum + channels + 4 * n);
    Vec *spectra = tokens + call.room_for_inputs(), *sums = spectra + spectrum;
    Vec *projected = sums + channels, *spare = projected + 2 * n;
    load_rows(z.data + first * channels, count, channels, tokens);
    to_spectra(call.fourier, tokens, sizes.inputs, spectra, spare);
    std::fill(sums, sums + channels, Vec{});
    for (int64_t i = 0; i < sizes.outputs; ++i) {
      if (i % 2 == 0) call.project(i, spectra, projected, spare);
      const Vec *values = projected + i % 2 * n;
      Vec *to = sums + i % sizes.inputs * n;
      for (int64_t c = 0; c < n; ++c) to[c] += Activation::value(values[c] + bias.data[i * n + c]);
    }
    const int64_t offset = first * channels;
    store_rows(sums, count, channels, out.data + offset);
    for (int64_t i = offset; i < offset + count * channels; ++i)
      out.data[i] = scale * (x.data[i] + y.data[i] + out.data[i]);
  });
  return kDone;
}

// The gradient of the generators from its spectra, [frequency][output][input][real, imaginary].
void generators_from_spectra(const Fourier &fourier, const float *spectra, const Operand &generators) {
  const int64_t n = fourier.points();
  Vec *values = workspace(4 * n), *spare = values + 2 * n;
  for (int64_t first = 0; first < generators.rows; first += kLanes) {
    const int64_t count = std::min(kLanes, generators.rows - first);
    const auto bin = [&](int64_t k) {
      Bin found{};
      for (int64_t lane = 0; lane < count; ++lane) {
        const float *at = spectra + 2 * (k * generators.rows + first + lane);
        found.real[lane] = at[0] / n;
        found.imaginary[lane] = at[1] / n;
      }
      return found;
    };
    from_spectra(fourier, bin, [](int64_t) { return Bin{}; }, values, spare);
    store_rows(values, count, n, generators.data + first * n);
  }
}

template <typename Activation>
int backward(const Operands &operands) {
  const Operand z = operands[0], generators = operands[1], bias = operands[2], dout = operands[4];
  const float scale = operands[3].data[0];
  const Operand dsum = operands[5], dz = operands[6], dgenerators = operands[7], dbias = operands[8];
  const Sizes sizes(z, generators, bias);
  if (!sizes.valid || dout.size() != z.size()) return kShapes;
  const Call call(sizes, generators);
  const int64_t channels = sizes.channels, n = sizes.n, inputs = sizes.inputs, outputs = sizes.outputs;
  const int64_t z_spectrum = 2 * call.fourier.frequencies() * inputs, d_spectrum = z_spectrum / inputs * outputs;
  // sums over the tokens: those of the generators' gradient, then those of the bias's
  const int64_t of_generators = z_spectrum * outputs, per_part = of_generators + outputs * n;
  PartialSums partial_sums(sizes.tokens, kPart, per_part);
  parallel_parts(sizes.tokens, kPart, [&](int64_t part, int64_t begin, int64_t end) {
    const int64_t room = call.room_for_inputs() + call.room_for_outputs() + channels + z_spectrum + d_spectrum + 2 * n;
    Vec *tokens = workspace(room + per_part), *projected = tokens + call.room_for_inputs();
    Vec *up = projected + call.room_for_outputs(), *z_spectra = up + channels, *d_spectra = z_spectra + z_spectrum;
    Vec *spare = d_spectra + d_spectrum, *correlations = tokens + room, *bias_sums = correlations + of_generators;
    std::fill(correlations, correlations + per_part, Vec{});
    for (int64_t first = begin; first < end; first += kLanes) {
      const int64_t count = std::min(kLanes, end - first), offset = first * channels;
      for (int64_t i = offset; i < offset + count * channels; ++i) dsum.data[i] = scale * dout.data[i];
      load_rows(z.data + offset, count, channels, tokens);
      load_rows(dsum.data + offset, count, channels, up);
      to_spectra(call.fourier, tokens, inputs, z_spectra, spare);
      for (int64_t i = 0; i < outputs; i += 2) call.project(i, z_spectra, projected + i * n, spare);
      for (int64_t i = 0; i < outputs * n; ++i) {  // from the projections to their gradients
        projected[i] = up[i % channels] * Activation::derivative(projected[i] + bias.data[i]);
        bias_sums[i] += projected[i];
      }
      to_spectra(call.fourier, projected, outputs, d_spectra, spare);
      call.add_correlations(z_spectra, d_spectra, correlations);
      for (int64_t j = 0; j < inputs; j += 2) call.project_back(j, d_spectra, tokens + j * n, spare);
      store_rows(tokens, count, channels, dz.data + offset);
    }
    for (int64_t i = 0; i < per_part; ++i) partial_sums.of(part)[i] = sum(correlations[i]);
  });
  std::vector<float> sums(per_part);
  partial_sums.add_up(sums.data());
  generators_from_spectra(call.fourier, sums.data(), dgenerators);
  std::copy(sums.data() + of_generators, sums.data() + per_part, dbias.data);
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
