// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Between the rows of an array in memory, one a token, and Vecs that hold one channel of `kLanes` tokens.
#pragma once

#include <algorithm>

#include "simd.h"

namespace augvit {

// Swap the blocks of `width` x `width` off the diagonal of each block of twice the size.
template <int width>
AUGVIT_INLINE void swap_blocks(Vec *rows) {
  IntVec low, high;
  for (int lane = 0; lane < kLanes; ++lane) {
    low[lane] = (lane & width) == 0 ? lane : lane - width + kLanes;
    high[lane] = (lane & width) == 0 ? lane + width : lane + kLanes;
  }
  for (int i = 0; i < kLanes; ++i) {
    if (i & width) continue;
    const Vec a = rows[i], b = rows[i + width];
    rows[i] = __builtin_shuffle(a, b, low);
    rows[i + width] = __builtin_shuffle(a, b, high);
  }
}

// Transpose `kLanes` Vecs in place (Eklundh, 1972).
template <int width = kLanes / 2>
AUGVIT_INLINE void transpose(Vec *rows) {
  swap_blocks<width>(rows);
  if constexpr (width > 1) transpose<width / 2>(rows);
}

// Read `count` <= `kLanes` rows of `channels` numbers, `stride` numbers apart, into `channels` Vecs; the lanes of rows
// that are not there are 0.
inline void load_rows(const float *from, int64_t stride, int64_t count, int64_t channels, Vec *to) {
  int64_t first = 0;
  for (; count == kLanes && first + kLanes <= channels; first += kLanes) {
    Vec block[kLanes];
    for (int64_t row = 0; row < kLanes; ++row) block[row] = load(from + row * stride + first);
    transpose(block);
    for (int64_t i = 0; i < kLanes; ++i) to[first + i] = block[i];
  }
  for (; first < channels; first += kLanes) {
    const int64_t width = std::min(kLanes, channels - first);
    Vec block[kLanes] = {};
    for (int64_t row = 0; row < count; ++row) block[row] = load_some(from + row * stride + first, width);
    transpose(block);
    std::copy(block, block + width, to + first);
  }
}

// The way back.
inline void store_rows(const Vec *from, int64_t stride, int64_t count, int64_t channels, float *to) {
  int64_t first = 0;
  for (; count == kLanes && first + kLanes <= channels; first += kLanes) {
    Vec block[kLanes];
    for (int64_t i = 0; i < kLanes; ++i) block[i] = from[first + i];
    transpose(block);
    for (int64_t row = 0; row < kLanes; ++row) store(to + row * stride + first, block[row]);
  }
  for (; first < channels; first += kLanes) {
    const int64_t width = std::min(kLanes, channels - first);
    Vec block[kLanes] = {};
    std::copy(from + first, from + first + width, block);
    transpose(block);
    for (int64_t row = 0; row < count; ++row) store_some(to + row * stride + first, block[row], width);
  }
}

// The sums of the lanes of `kLanes` Vecs. The Vecs are overwritten.
inline Vec sums_of_lanes(Vec *values) {
  transpose(values);
  for (int64_t width = kLanes / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i) values[i] += values[i + width];
  return values[0];
}

}  // namespace augvit
