// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "fourier.h"

#include <algorithm>
#include <cmath>

namespace augvit {
namespace {

struct Complex {
  Vec real, imaginary;
};

Complex operator+(Complex a, Complex b) { return {a.real + b.real, a.imaginary + b.imaginary}; }
Complex operator-(Complex a, Complex b) { return {a.real - b.real, a.imaginary - b.imaginary}; }
Complex times(Complex a, float real, float imaginary) {
  return {a.real * real - a.imaginary * imaginary, a.real * imaginary + a.imaginary * real};
}
Complex times_minus_i(Complex a) { return {a.imaginary, -a.real}; }

// The transform of `radix` points, in place.
template <int radix>
void butterfly(Complex *a);

template <>
void butterfly<2>(Complex *a) {
  const Complex difference = a[0] - a[1];
  a[0] = a[0] + a[1];
  a[1] = difference;
}

template <>
void butterfly<3>(Complex *a) {
  const Complex both = a[1] + a[2];
  const Complex middle = a[0] - times(both, 0.5f, 0.0f);
  const Complex turned = times_minus_i(times(a[1] - a[2], 0.866025404f, 0.0f));
  a[0] = a[0] + both;
  a[1] = middle + turned;
  a[2] = middle - turned;
}

template <>
void butterfly<4>(Complex *a) {
  const Complex even = a[0] + a[2], odd = a[1] + a[3];
  const Complex even_difference = a[0] - a[2], turned = times_minus_i(a[1] - a[3]);
  a[0] = even + odd;
  a[1] = even_difference + turned;
  a[2] = even - odd;
  a[3] = even_difference - turned;
}

std::vector<int64_t> radices(int64_t n) {
  std::vector<int64_t> found;
  for (int64_t radix : {4, 3, 2})
    for (; n % radix == 0; n /= radix) found.push_back(radix);
  for (int64_t radix = 5; n > 1; radix += 2)
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
  int64_t stride = 1;
  for (int64_t radix : radices(n)) {
    Stage stage{radix, n / stride / radix, stride, {}, {}};
    for (int64_t p = 0; p < stage.groups; ++p)
      for (int64_t k = 0; k < radix; ++k) append_root(stage.twiddles, p * k, radix * stage.groups);
    for (int64_t k = 0; k < radix; ++k) append_root(stage.roots, k, radix);
    stages_.push_back(std::move(stage));
    stride *= radix;
  }
}

// Stockham's order: each stage reads `radix` points that lie groups * stride apart and writes them side by side, so
// that the result needs no bit reversal.
void Fourier::transform(Vec *real, Vec *imaginary, Vec *spare) const {
  Vec *xr = real, *xi = imaginary, *yr = spare, *yi = spare + n_;
  for (const Stage &stage : stages_) {
    if (stage.radix == 4) run<4>(stage, xr, xi, yr, yi);
    else if (stage.radix == 3) run<3>(stage, xr, xi, yr, yi);
    else if (stage.radix == 2) run<2>(stage, xr, xi, yr, yi);
    else run_any(stage, xr, xi, yr, yi);
    std::swap(xr, yr);
    std::swap(xi, yi);
  }
  if (xr != real) {
    std::copy(xr, xr + n_, real);
    std::copy(xi, xi + n_, imaginary);
  }
}

template <int radix>
void Fourier::run(const Stage &stage, const Vec *xr, const Vec *xi, Vec *yr, Vec *yi) {
  const int64_t apart = stage.groups * stage.stride;
  for (int64_t p = 0; p < stage.groups; ++p) {
    const float *twiddle = stage.twiddles.data() + 2 * radix * p;
    for (int64_t q = 0; q < stage.stride; ++q) {
      const int64_t from = q + stage.stride * p, to = q + stage.stride * radix * p;
      Complex a[radix];
      for (int j = 0; j < radix; ++j) a[j] = {xr[from + apart * j], xi[from + apart * j]};
      butterfly<radix>(a);
      for (int k = 0; k < radix; ++k) {
        if (k > 0 && p > 0) a[k] = times(a[k], twiddle[2 * k], twiddle[2 * k + 1]);
        yr[to + stage.stride * k] = a[k].real;
        yi[to + stage.stride * k] = a[k].imaginary;
      }
    }
  }
}

void Fourier::run_any(const Stage &stage, const Vec *xr, const Vec *xi, Vec *yr, Vec *yi) {
  const int64_t apart = stage.groups * stage.stride;
  for (int64_t p = 0; p < stage.groups; ++p) {
    const float *twiddle = stage.twiddles.data() + 2 * stage.radix * p;
    for (int64_t q = 0; q < stage.stride; ++q) {
      const int64_t from = q + stage.stride * p, to = q + stage.stride * stage.radix * p;
      for (int64_t k = 0; k < stage.radix; ++k) {
        Complex total{};
        for (int64_t j = 0; j < stage.radix; ++j) {
          const float *root = stage.roots.data() + 2 * (j * k % stage.radix);
          total = total + times({xr[from + apart * j], xi[from + apart * j]}, root[0], root[1]);
        }
        total = times(total, twiddle[2 * k], twiddle[2 * k + 1]);
        yr[to + stage.stride * k] = total.real;
        yi[to + stage.stride * k] = total.imaginary;
      }
    }
  }
}

}  // namespace augvit
