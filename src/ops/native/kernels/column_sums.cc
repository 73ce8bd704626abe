// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "operands.h"
#include "parallel.h"
#include "simd.h"

namespace augvit {
namespace {

constexpr int64_t kRows = 64;  // that a thread takes at a time

}  // namespace
}  // namespace augvit

// (x (M, C)) -> the sums (C) of its columns, which are the gradient of a bias
AUGVIT_KERNEL(column_sums) {
  using namespace augvit;
  const Operand x = operands[0], sums = operands[1];
  if (sums.size() != x.channels) return kShapes;
  PartialSums partial_sums(x.rows, kRows, x.channels);
  parallel_parts(x.rows, kRows, [&](int64_t part, int64_t begin, int64_t end) {
    float *partial = partial_sums.of(part);
    for (int64_t row = begin; row < end; ++row)
      for_each_vec(0, x.channels, [&](int64_t i, int64_t n) {
        store_some(partial + i, load_some(partial + i, n) + load_some(x.data + row * x.channels + i, n), n);
      });
  });
  partial_sums.add_up(0, x.channels, sums.data);
  return kDone;
}
