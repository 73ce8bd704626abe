// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "fourier.h"

#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "butterfly.h"

namespace augvit {
namespace {

// The butterflies that the registers hold, the largest first: with the 32 of AVX-512, 96 = 12 * 8 takes two passes over
// the points; with 16, 4 * 4 * 6 is a quarter faster than that.
std::vector<int64_t> radices(int64_t n) {
  const std::vector<int64_t> fast = kLanes == 16 ? std::vector<int64_t>{12, 8, 4, 6, 3, 2, 5, 7}
                                                 : std::vector<int64_t>{4, 6, 3, 2, 5, 7};
  std::vector<int64_t> found;
  for (int64_t radix : fast)
    for (; n % radix == 0 && !(radix == 8 && n == 16); n /= radix) found.push_back(radix);  // 16 = 4 * 4, not 8 * 2
  for (int64_t radix = 11; n > 1; radix += 2)
    for (; n % radix == 0; n /= radix) found.push_back(radix);
  return found;
}

void append_root(std::vector<float> &to, int64_t power, int64_t order) {
  const double angle = 2.0 * M_PI * static_cast<double>(power % order) / static_cast<double>(order);
  to.push_back(static_cast<float>(std::cos(angle)));
  to.push_back(static_cast<float>(-std::sin(angle)));
}

}  // namespace

Fourier::Fourier(int64_t n) : n_(n) {
  int64_t span = n;
  std::vector<int64_t> places{0};  // of the frequencies
  for (int64_t radix : radices(n)) {
    Stage stage{radix, span, span / radix, {}, {}};
    for (int64_t q = 0; q < stage.stride; ++q)
      for (int64_t k = 0; k < radix; ++k) append_root(stage.twiddles, q * k, span);
    for (int64_t k = 0; k < radix; ++k) append_root(stage.roots, k, radix);
    // a frequency's digits to these radices, the first one the lowest, count the strides to its place
    const std::vector<int64_t> lower = places;
    for (int64_t digit = 1; digit < radix; ++digit)
      for (int64_t place : lower) places.push_back(place + digit * stage.stride);
    span = stage.stride;
    runs_.push_back(run_of(radix));
    stages_.push_back(std::move(stage));
  }
  for (int64_t k = 0; 2 * k <= n; ++k) mirrors_.push_back({places[k], places[k == 0 ? 0 : n - k]});
}

const Fourier &Fourier::of(int64_t n) {
  static std::mutex lock;
  static std::map<int64_t, std::unique_ptr<const Fourier>> made;
  const std::lock_guard<std::mutex> guard(lock);
  std::unique_ptr<const Fourier> &found = made[n];
  if (!found) found = std::make_unique<const Fourier>(n);
  return *found;
}

// Decimation in frequency (Gentleman and Sande, 1966).
void Fourier::forward(Vec *real, Vec *imaginary) const {
  for (size_t i = 0; i < stages_.size(); ++i) runs_[i](stages_[i], n_, real, imaginary, false);
}

// The same steps transposed and from the last to the first are a transform as well, from places to the usual order.
// With the real and the imaginary parts in each other's place it is the inverse.
void Fourier::backward(Vec *real, Vec *imaginary) const {
  for (size_t i = stages_.size(); i-- > 0;) runs_[i](stages_[i], n_, imaginary, real, true);
}

template <int radix>
void Fourier::run(const Stage &stage, int64_t n, Vec *real, Vec *imaginary, bool twiddle_first) {
  const int64_t apart = stage.stride;
  for (int64_t q = 0; q < apart; ++q) {
    const float *twiddle = stage.twiddles.data() + 2 * radix * q;
    for (int64_t at = q; at < n; at += stage.span) {
      Complex a[radix];
      const auto twiddles = [&]() __attribute__((always_inline)) {
        unrolled<radix - 1>([&](auto k) __attribute__((always_inline)) {
          a[k + 1] = times(a[k + 1], twiddle[2 * k + 2], twiddle[2 * k + 3]);
        });
      };
      unrolled<radix>([&](auto j) __attribute__((always_inline)) {
        a[j] = {real[at + apart * j], imaginary[at + apart * j]};
      });
      if (twiddle_first && q > 0) twiddles();
      Butterfly<radix>::run(a);
      if (!twiddle_first && q > 0) twiddles();
      unrolled<radix>([&](auto k) __attribute__((always_inline)) {
        real[at + apart * k] = a[k].real;
        imaginary[at + apart * k] = a[k].imaginary;
      });
    }
  }
}

void Fourier::run_any(const Stage &stage, int64_t n, Vec *real, Vec *imaginary, bool twiddle_first) {
  const int64_t radix = stage.radix, apart = stage.stride;
  thread_local std::vector<Complex> room;
  room.resize(radix);
  for (int64_t q = 0; q < apart; ++q) {
    const float *twiddle = stage.twiddles.data() + 2 * radix * q;
    for (int64_t at = q; at < n; at += stage.span) {
      for (int64_t j = 0; j < radix; ++j) {
        room[j] = {real[at + apart * j], imaginary[at + apart * j]};
        if (twiddle_first) room[j] = times(room[j], twiddle[2 * j], twiddle[2 * j + 1]);
      }
      for (int64_t k = 0; k < radix; ++k) {
        Complex total{};
        for (int64_t j = 0; j < radix; ++j) {
          const float *root = stage.roots.data() + 2 * (j * k % radix);
          total = total + times(room[j], root[0], root[1]);
        }
        if (!twiddle_first) total = times(total, twiddle[2 * k], twiddle[2 * k + 1]);
        real[at + apart * k] = total.real;
        imaginary[at + apart * k] = total.imaginary;
      }
    }
  }
}

Fourier::Run Fourier::run_of(int64_t radix) {
  switch (radix) {
    case 2: return run<2>;
    case 3: return run<3>;
    case 4: return run<4>;
    case 5: return run<5>;
    case 6: return run<6>;
    case 7: return run<7>;
    case 8: return run<8>;
    case 12: return run<12>;
    default: return run_any;
  }
}

}  // namespace augvit
