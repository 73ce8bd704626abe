// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "circulant.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "transpose.h"

namespace augvit {
namespace {

constexpr int64_t kWeights = 8;   // real and imaginary parts of A[k], B[k], A[-k], B[-k]
constexpr int64_t kShifts = 4;    // the same of what is added at k and at -k
constexpr size_t kKept = 256;     // shortcuts whose spectra are kept: five times what the deepest registered model has

// Add x * (real + i imaginary): one multiply-add after the other, where a sum of products would be an addition more.
AUGVIT_INLINE void add_product(Complex &total, const Complex &x, Vec real, Vec imaginary) {
  total.real += x.real * real;
  total.imaginary += x.imaginary * real;
  total.real -= x.imaginary * imaginary;
  total.imaginary += x.real * imaginary;
}

// Add conj(x) * (real + i imaginary).
AUGVIT_INLINE void add_conjugate_product(Complex &total, const Complex &x, Vec real, Vec imaginary) {
  total.real += x.real * real;
  total.imaginary -= x.imaginary * real;
  total.real += x.imaginary * imaginary;
  total.imaginary += x.real * imaginary;
}

// Which generator leads from one block to another, and read in which direction.
struct Generators {
  Sizes sizes;
  bool transposed;

  int64_t from() const { return transposed ? sizes.outputs() : sizes.pairs(); }
  int64_t to() const { return transposed ? sizes.pairs() : sizes.outputs(); }

  // Where the generator from block `j` of pair `from` to block `i` of pair `to` begins; -1: there is no such block.
  int64_t offset(int64_t to, int64_t i, int64_t from, int64_t j) const {
    if (transposed) {
      std::swap(to, from);
      std::swap(i, j);
    }
    const int64_t row = 2 * (to % sizes.pairs()) + i, column = 2 * from + j, path = to / sizes.pairs();
    if (row >= sizes.blocks || column >= sizes.blocks) return -1;
    return ((path * sizes.blocks + row) * sizes.blocks + column) * sizes.n;
  }

  // The transpose of a circulant matrix has its generator reversed.
  int64_t step(int64_t s) const { return transposed && s > 0 ? sizes.n - s : s; }
};

// Call f(lane, to, from) for up to `kLanes` connections of two pairs, beginning with `first`.
template <typename F>
void for_each_connection(const Generators &generators, int64_t first, F f) {
  const int64_t end = std::min(first + kLanes, generators.to() * generators.from());
  for (int64_t i = first; i < end; ++i) f(i - first, i / generators.from(), i % generators.from());
}

// Where the weights of a connection stand.
int64_t weights_at(const Map &map, int64_t frequencies, int64_t to, int64_t frequency, int64_t from) {
  return kWeights * ((to * frequencies + frequency) * map.from + from);
}

Map transformed(const Fourier &fourier, const Generators &generators, const float *values) {
  const int64_t n = fourier.points(), frequencies = static_cast<int64_t>(fourier.mirrors().size());
  Map map{generators.from(), generators.to(), {}, {}};
  map.weights.resize(kWeights * map.to * frequencies * map.from);
  map.shifts.resize(kShifts * map.to * frequencies);
  std::vector<Vec> signals(4 * n);  // U and V, real and imaginary parts: one connection a lane
  for (int64_t first = 0; first < map.to * map.from; first += kLanes) {
    std::fill(signals.begin(), signals.end(), Vec{});
    for_each_connection(generators, first, [&](int64_t lane, int64_t to, int64_t from) {
      for (int64_t block = 0; block < 4; ++block) {
        const int64_t at = generators.offset(to, block % 2, from, block / 2);
        for (int64_t s = 0; at >= 0 && s < n; ++s) signals[block * n + s][lane] = values[at + generators.step(s)];
      }
    });
    const Vec *u = signals.data(), *v = u + 2 * n;
    fourier.forward(signals.data(), signals.data() + n);
    fourier.forward(signals.data() + 2 * n, signals.data() + 3 * n);
    for (int64_t k = 0; k < frequencies; ++k) {
      Vec weights[kWeights];
      int64_t filled = 0;
      for (int64_t place : {fourier.mirrors()[k].place, fourier.mirrors()[k].opposite}) {
        weights[filled++] = (u[place] + v[n + place]) * (0.5f / n);
        weights[filled++] = (u[n + place] - v[place]) * (0.5f / n);
        weights[filled++] = (u[place] - v[n + place]) * (0.5f / n);
        weights[filled++] = (u[n + place] + v[place]) * (0.5f / n);
      }
      for_each_connection(generators, first, [&](int64_t lane, int64_t to, int64_t from) {
        float *at = map.weights.data() + weights_at(map, frequencies, to, k, from);
        for (int64_t i = 0; i < kWeights; ++i) at[i] = weights[i][lane];
      });
    }
  }
  return map;
}

std::vector<float> values(const Operand &operand) { return {operand.data, operand.data + operand.size()}; }

bool same(const std::vector<float> &kept, const Operand &now) {
  const size_t size = now.size();
  return kept.size() == size && std::memcmp(kept.data(), now.data, size * sizeof(float)) == 0;
}

// Add the bias of all paths to a map.
void shift(const Fourier &fourier, const Sizes &sizes, const float *bias, Map &map) {
  const int64_t n = sizes.n;
  std::vector<Vec> signals(2 * n);
  for (int64_t first = 0; first < map.to; first += kLanes) {
    const int64_t lanes = std::min(kLanes, map.to - first);
    std::fill(signals.begin(), signals.end(), Vec{});
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t path = (first + lane) / sizes.pairs(), channel = (first + lane) % sizes.pairs() * 2 * n;
      const int64_t width = std::min(2 * n, sizes.channels - channel);
      for (int64_t c = 0; c < width; ++c) signals[c][lane] = bias[path * sizes.channels + channel + c] / n;
    }
    fourier.forward(signals.data(), signals.data() + n);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      float *at = map.shifts.data() + kShifts * (first + lane) * fourier.mirrors().size();
      for (const Mirror &mirror : fourier.mirrors())
        for (int64_t place : {mirror.place, mirror.opposite}) {
          *at++ = signals[place][lane];
          *at++ = signals[n + place][lane];
        }
    }
  }
}

}  // namespace

Sizes::Sizes(const Operand &z, const Operand &generators, const Operand &bias)
    : tokens(z.rows), channels(z.channels), n(generators.channels), blocks(z.channels / n),
      paths(bias.size() / z.channels) {
  valid = blocks * n == channels && paths * channels == bias.size() && generators.rows == paths * blocks * blocks;
}

void Map::project(const Fourier &fourier, int64_t pair, const Vec *spectra, Vec *result) const {
  const int64_t n = fourier.points();
  const int64_t first = pair * static_cast<int64_t>(fourier.mirrors().size());
  const float *w = weights.data() + kWeights * first * from, *shift = shifts.data() + kShifts * first;
  for (const Mirror &mirror : fourier.mirrors()) {
    Complex here{splat(shift[0]), splat(shift[1])}, there{splat(shift[2]), splat(shift[3])};
    shift += kShifts;
    const Vec *in = spectra;
    for (int64_t i = 0; i < from; ++i, in += 2 * n, w += kWeights) {
      const Complex p{in[mirror.place], in[n + mirror.place]}, q{in[mirror.opposite], in[n + mirror.opposite]};
      add_product(here, p, splat(w[0]), splat(w[1]));
      add_conjugate_product(here, q, splat(w[2]), splat(w[3]));
      add_product(there, q, splat(w[4]), splat(w[5]));
      add_conjugate_product(there, p, splat(w[6]), splat(w[7]));
    }
    result[mirror.place] = here.real;
    result[n + mirror.place] = here.imaginary;
    result[mirror.opposite] = there.real;
    result[n + mirror.opposite] = there.imaginary;
  }
}

std::shared_ptr<const Spectra> Spectra::of(const Sizes &sizes, const Operand &generators, const Operand &bias) {
  struct Kept {
    std::vector<float> generators, bias;  // their addresses alone do not tell whether they have changed
    std::shared_ptr<const Spectra> spectra;
  };
  static std::mutex lock;
  static std::map<std::pair<const float *, int64_t>, Kept> all;  // by where the generators are, and their size
  const std::lock_guard<std::mutex> guard(lock);
  const std::pair<const float *, int64_t> place{generators.data, sizes.n};
  if (all.size() == kKept && all.count(place) == 0) all.clear();
  Kept &kept = all[place];
  if (kept.spectra && same(kept.generators, generators) && same(kept.bias, bias)) return kept.spectra;
  const Fourier &fourier = Fourier::of(sizes.n);
  Spectra made{transformed(fourier, {sizes, false}, generators.data),
               transformed(fourier, {sizes, true}, generators.data)};
  shift(fourier, sizes, bias.data, made.forward);
  kept = {values(generators), values(bias), std::make_shared<const Spectra>(std::move(made))};
  return kept.spectra;
}

void correlate(const Fourier &fourier, const Map &map, int64_t groups, const Vec *inputs, const Vec *outputs,
               float *to) {
  const int64_t n = fourier.points(), input_size = 2 * n * map.from, output_size = 2 * n * map.to;
  Vec sums[kLanes];
  int64_t filled = 0;
  const auto flush = [&] {
    store_some(to, sums_of_lanes(sums), filled);
    to += filled;
    filled = 0;
  };
  const auto add = [&](Vec sum) {
    sums[filled++] = sum;
    if (filled == kLanes) flush();
  };
  for (int64_t pair = 0; pair < map.to; ++pair)
    for (const Mirror &mirror : fourier.mirrors())
      for (int64_t from = 0; from < map.from; ++from) {
        const Vec *in = inputs + 2 * n * from, *out = outputs + 2 * n * pair;
        Complex a{}, b{}, opposite_a{}, opposite_b{};
        for (int64_t group = 0; group < groups; ++group, in += input_size, out += output_size) {
          const Complex p{in[mirror.place], in[n + mirror.place]}, q{in[mirror.opposite], in[n + mirror.opposite]};
          const Complex g{out[mirror.place], out[n + mirror.place]};
          const Complex h{out[mirror.opposite], out[n + mirror.opposite]};
          add_conjugate_product(a, p, g.real, g.imaginary);
          add_product(b, q, g.real, g.imaginary);
          add_conjugate_product(opposite_a, q, h.real, h.imaginary);
          add_product(opposite_b, p, h.real, h.imaginary);
        }
        for (const Complex &sum : {a, b, opposite_a, opposite_b}) {
          add(sum.real);
          add(sum.imaginary);
        }
      }
  if (filled > 0) {
    std::fill(sums + filled, sums + kLanes, Vec{});
    flush();
  }
}

void generator_gradient(const Sizes &sizes, const float *weights, const Operand &gradient) {
  const Fourier &fourier = Fourier::of(sizes.n);
  const Generators generators{sizes, false};
  const Map map{generators.from(), generators.to(), {}, {}};
  const int64_t n = sizes.n, frequencies = static_cast<int64_t>(fourier.mirrors().size());
  std::vector<Vec> signals(4 * n);  // of U and V, as above
  for (int64_t first = 0; first < map.to * map.from; first += kLanes) {
    Vec *u = signals.data(), *v = u + 2 * n;
    for_each_connection(generators, first, [&](int64_t lane, int64_t to, int64_t from) {
      for (int64_t k = 0; k < frequencies; ++k) {
        const float *w = weights + weights_at(map, frequencies, to, k, from);
        for (int64_t place : {fourier.mirrors()[k].place, fourier.mirrors()[k].opposite}) {
          u[place][lane] = (w[0] + w[2]) * (0.5f / n);
          u[n + place][lane] = (w[1] + w[3]) * (0.5f / n);
          v[place][lane] = (w[3] - w[1]) * (0.5f / n);
          v[n + place][lane] = (w[0] - w[2]) * (0.5f / n);
          w += kWeights / 2;
        }
      }
    });
    fourier.backward(u, u + n);
    fourier.backward(v, v + n);
    for_each_connection(generators, first, [&](int64_t lane, int64_t to, int64_t from) {
      for (int64_t block = 0; block < 4; ++block) {
        const int64_t at = generators.offset(to, block % 2, from, block / 2);
        for (int64_t s = 0; at >= 0 && s < n; ++s) gradient.data[at + s] = signals[block * n + s][lane];
      }
    });
  }
}

}  // namespace augvit
