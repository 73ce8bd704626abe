// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include <algorithm>

#include "operands.h"
#include "parallel.h"

namespace augvit {
namespace {

constexpr int64_t kRows = 64;  // that a thread takes at a time

}  // namespace
}  // namespace augvit

// (tokens (B, N, C), table (M, m)) -> (B, M, C): row i is the sum of the tokens that row i of the table names; what is
// below 0 names none. The table holds whole numbers, which float32 keeps exact up to 2^24.
AUGVIT_KERNEL(rearrange) {
  using namespace augvit;
  const Operand tokens = operands[0], table = operands[1], out = operands[2];
  const int64_t batch = operands.shape(0)[0], count = operands.shape(0)[1], channels = tokens.channels;
  if (out.rows != batch * table.rows || out.channels != channels) return kShapes;
  const int64_t parts = (table.rows + kRows - 1) / kRows;
  parallel_for(batch * parts, [&](int64_t part) {
    const float *from = tokens.data + part / parts * count * channels;
    const int64_t begin = part % parts * kRows, end = std::min(begin + kRows, table.rows);
    float *to = out.data + (part / parts * table.rows + begin) * channels;
    for (int64_t row = begin; row < end; ++row, to += channels) {
      const float *names = table.data + row * table.channels;
      const int64_t first = static_cast<int64_t>(names[0]);
      if (first < 0)
        std::fill_n(to, channels, 0.0f);
      else
        std::copy_n(from + first * channels, channels, to);
      for (int64_t i = 1; i < table.channels && names[i] >= 0; ++i) {
        const float *more = from + static_cast<int64_t>(names[i]) * channels;
        for (int64_t c = 0; c < channels; ++c) to[c] += more[c];
      }
    }
  });
  return kDone;
}
