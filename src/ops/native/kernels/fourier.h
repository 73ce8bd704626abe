// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The discrete Fourier transform of several complex signals at once, one a lane, in place.
#pragma once

#include <vector>

#include "simd.h"

namespace augvit {

struct Complex {
  Vec real, imaginary;
};

// Two frequencies, k and -k, by their places; the same place twice where they are one.
struct Mirror {
  int64_t place, opposite;
};

class Fourier {
 public:
  // For signals of n points; fast where n is a product of 2, 3, 5 and 7, right for any.
  explicit Fourier(int64_t n);

  // The transform of n points; made once a process.
  static const Fourier &of(int64_t n);

  int64_t points() const { return n_; }

  // X[k] = sum_t x[t] exp(-2 pi i k t / n), n Vecs of real and n of imaginary parts. The frequencies come to stand in
  // an order of their own: what is done to spectra is done to each alone, or to each with its opposite (`mirrors`).
  void forward(Vec *real, Vec *imaginary) const;

  // The way back, times n: from spectra in that order to signals.
  void backward(Vec *real, Vec *imaginary) const;

  // All frequencies, n / 2 + 1 times two.
  const std::vector<Mirror> &mirrors() const { return mirrors_; }

 private:
  struct Stage {
    int64_t radix, span, stride;  // each `span` points are transforms of `radix` points that lie `stride` apart
    std::vector<float> twiddles;  // cos and -sin of 2 pi q k / span, for each q < stride and k < radix
    std::vector<float> roots;     // cos and -sin of 2 pi k / radix
  };

  using Run = void (*)(const Stage &stage, int64_t n, Vec *real, Vec *imaginary, bool twiddle_first);

  template <int radix>
  static void run(const Stage &stage, int64_t n, Vec *real, Vec *imaginary, bool twiddle_first);
  static void run_any(const Stage &stage, int64_t n, Vec *real, Vec *imaginary, bool twiddle_first);
  static Run run_of(int64_t radix);

  int64_t n_;
  std::vector<Stage> stages_;
  std::vector<Run> runs_;
  std::vector<Mirror> mirrors_;
};

}  // namespace augvit
