// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The discrete Fourier transform of sixteen signals at once.
#pragma once

#include <vector>

#include "simd.h"

namespace augvit {

class Fourier {
 public:
  // For signals of n points; fast where n is a product of 2, 3 and 4, right for any.
  explicit Fourier(int64_t n);

  int64_t points() const { return n_; }
  int64_t frequencies() const { return n_ / 2 + 1; }  // that a real signal has

  // In place: X[k] = sum_t x[t] exp(-2 pi i k t / n), n Vecs of real and n of imaginary parts; `spare` has room for 2n.
  // The inverse, times n, is the same with the two arrays in each other's place.
  void transform(Vec *real, Vec *imaginary, Vec *spare) const;

 private:
  struct Stage {
    int64_t radix, groups, stride;  // n = radix * groups * stride
    std::vector<float> twiddles;    // cos and -sin of 2 pi p k / (radix * groups), for each group p and output k
    std::vector<float> roots;       // cos and -sin of 2 pi k / radix
  };

  template <int radix>
  static void run(const Stage &stage, const Vec *xr, const Vec *xi, Vec *yr, Vec *yi);
  static void run_any(const Stage &stage, const Vec *xr, const Vec *xi, Vec *yr, Vec *yi);

  int64_t n_;
  std::vector<Stage> stages_;
};

}  // namespace augvit
