// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The discrete Fourier transform of a few points held in registers, a[k] = sum_j a[j] exp(-2 pi i j k / radix).
#pragma once

#include <cmath>
#include <type_traits>
#include <utility>

#include "fourier.h"

namespace augvit {

inline Complex operator+(Complex a, Complex b) { return {a.real + b.real, a.imaginary + b.imaginary}; }
inline Complex operator-(Complex a, Complex b) { return {a.real - b.real, a.imaginary - b.imaginary}; }
inline Complex operator*(Complex a, float scale) { return {a.real * scale, a.imaginary * scale}; }
inline Complex times(Complex a, float real, float imaginary) {
  return {a.real * real - a.imaginary * imaginary, a.real * imaginary + a.imaginary * real};
}
inline Complex times_minus_i(Complex a) { return {a.imaginary, -a.real}; }

// Call f(0) to f(count - 1), the numbers as constants, so that arrays indexed by them become registers.
template <int... i, typename F>
AUGVIT_INLINE void unrolled(std::integer_sequence<int, i...>, F f) {
  (f(std::integral_constant<int, i>{}), ...);
}
template <int count, typename F>
AUGVIT_INLINE void unrolled(F f) {
  unrolled(std::make_integer_sequence<int, count>{}, f);
}

template <int radix>
struct Butterfly;

template <>
struct Butterfly<2> {
  static AUGVIT_INLINE void run(Complex *a) {
    const Complex difference = a[0] - a[1];
    a[0] = a[0] + a[1];
    a[1] = difference;
  }
};

template <>
struct Butterfly<4> {
  static AUGVIT_INLINE void run(Complex *a) {
    const Complex even = a[0] + a[2], odd = a[1] + a[3];
    const Complex even_difference = a[0] - a[2], turned = times_minus_i(a[1] - a[3]);
    a[0] = even + odd;
    a[1] = even_difference + turned;
    a[2] = even - odd;
    a[3] = even_difference - turned;
  }
};

template <>
struct Butterfly<8> {
  static AUGVIT_INLINE void run(Complex *a) {
    constexpr float kHalfRoot = 0.707106781f;
    Complex even[4] = {a[0], a[2], a[4], a[6]}, odd[4] = {a[1], a[3], a[5], a[7]};
    Butterfly<4>::run(even);
    Butterfly<4>::run(odd);
    odd[1] = Complex{odd[1].real + odd[1].imaginary, odd[1].imaginary - odd[1].real} * kHalfRoot;
    odd[2] = times_minus_i(odd[2]);
    odd[3] = Complex{odd[3].imaginary - odd[3].real, -odd[3].real - odd[3].imaginary} * kHalfRoot;
    unrolled<4>([&](auto k) __attribute__((always_inline)) {
      a[k] = even[k] + odd[k];
      a[k + 4] = even[k] - odd[k];
    });
  }
};

// Odd primes: the points j and radix - j share their cosines and, but for the sign, their sines.
template <int radix>
struct Butterfly {
  static AUGVIT_INLINE void run(Complex *a) {
    constexpr int kPairs = radix / 2;
    const Complex first = a[0];
    Complex sums[kPairs], differences[kPairs];
    unrolled<kPairs>([&](auto j) __attribute__((always_inline)) {
      sums[j] = a[j + 1] + a[radix - 1 - j];
      differences[j] = times_minus_i(a[j + 1] - a[radix - 1 - j]);
      a[0] = a[0] + sums[j];
    });
    unrolled<kPairs>([&](auto k) __attribute__((always_inline)) {
      Complex even = first, odd;
      unrolled<kPairs>([&](auto j) __attribute__((always_inline)) {
        constexpr int kTurns = (decltype(k)::value + 1) * (decltype(j)::value + 1) % radix;
        constexpr double kAngle = 2.0 * M_PI * kTurns / radix;
        const Complex turned = differences[j] * static_cast<float>(__builtin_sin(kAngle));
        even = even + sums[j] * static_cast<float>(__builtin_cos(kAngle));
        odd = j == 0 ? turned : odd + turned;  // not 0 + turned, which costs an addition
      });
      a[k + 1] = even + odd;
      a[radix - 1 - k] = even - odd;
    });
  }
};

// rows * columns points, where the two have no common factor: no twiddles between the two steps (Good, 1958).
template <int rows, int columns>
struct CoprimeButterfly {
  static AUGVIT_INLINE void run(Complex *a) {
    constexpr int kPoints = rows * columns;
    Complex grid[kPoints];
    unrolled<rows>([&](auto row) __attribute__((always_inline)) {
      unrolled<columns>([&](auto column) __attribute__((always_inline)) {
        grid[row * columns + column] = a[(row * columns + column * rows) % kPoints];
      });
      Butterfly<columns>::run(grid + row * columns);
    });
    unrolled<columns>([&](auto column) __attribute__((always_inline)) {
      Complex points[rows];
      unrolled<rows>([&](auto row) __attribute__((always_inline)) { points[row] = grid[row * columns + column]; });
      Butterfly<rows>::run(points);
      unrolled<rows>([&](auto row) __attribute__((always_inline)) {
        constexpr int kFrequency = frequency(decltype(row)::value, decltype(column)::value);
        a[kFrequency] = points[row];
      });
    });
  }

 private:
  // The one of kPoints frequencies that leaves these rests, divided by rows and by columns.
  static constexpr int frequency(int row, int column) {
    int k = 0;
    while (k % rows != row || k % columns != column) ++k;
    return k;
  }
};

template <>
struct Butterfly<6> : CoprimeButterfly<2, 3> {};
template <>
struct Butterfly<12> : CoprimeButterfly<3, 4> {};

}  // namespace augvit
