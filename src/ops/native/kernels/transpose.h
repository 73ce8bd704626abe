// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Between the rows of an array in memory, one a token, and Vecs that hold one channel of sixteen tokens.
#pragma once

#include <algorithm>

#include "simd.h"

namespace augvit {

// Swap the blocks of `width` x `width` off the diagonal of each block of twice the size.
template <int width>
void swap_blocks(Vec *rows) {
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

// Transpose sixteen Vecs in place (Eklundh, 1972).
inline void transpose(Vec *rows) {
  swap_blocks<8>(rows);
  swap_blocks<4>(rows);
  swap_blocks<2>(rows);
  swap_blocks<1>(rows);
}

// Read `count` <= 16 rows of `channels` numbers into `channels` Vecs; the lanes of rows that are not there are 0.
inline void load_rows(const float *from, int64_t count, int64_t channels, Vec *to) {
  for (int64_t first = 0; first < channels; first += kLanes) {
    const int64_t width = std::min(kLanes, channels - first);
    Vec block[kLanes] = {};
    for (int64_t row = 0; row < count; ++row) block[row] = load_some(from + row * channels + first, width);
    transpose(block);
    std::copy(block, block + width, to + first);
  }
}

// The way back.
inline void store_rows(const Vec *from, int64_t count, int64_t channels, float *to) {
  for (int64_t first = 0; first < channels; first += kLanes) {
    const int64_t width = std::min(kLanes, channels - first);
    Vec block[kLanes] = {};
    std::copy(from + first, from + first + width, block);
    transpose(block);
    for (int64_t row = 0; row < count; ++row) store_some(to + row * channels + first, block[row], width);
  }
}

}  // namespace augvit
