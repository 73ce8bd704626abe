// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The layouts of attention: tokens (B, N, C) side by side, heads (B, h, N, d) each on its own.
#include <algorithm>

#include "operands.h"
#include "parallel.h"

namespace augvit {
namespace {

// One of several arrays (B, h, N, d), a head after the other, and what its numbers are multiplied by on the way.
struct Heads {
  float *data;
  float scale;
};

// The sizes B, h, N and d of an operand.
struct HeadSizes {
  int64_t batch, heads, tokens, channels;
};

// Call f(token, head, channels) for every head of every token: where its `channels` numbers start in an array
// (B, N, parts * h * d), and in the array (B, h, N, d) of part `part`.
template <typename F>
void for_each_head(const HeadSizes &s, int64_t parts, F f) {
  parallel_for(s.batch * parts * s.heads, [&](int64_t index) {
    const int64_t head = index % s.heads, part = index / s.heads % parts, image = index / s.heads / parts;
    for (int64_t token = 0; token < s.tokens; ++token) {
      const int64_t beside = (((image * s.tokens + token) * parts + part) * s.heads + head) * s.channels;
      const int64_t apart = ((image * s.heads + head) * s.tokens + token) * s.channels;
      f(part, beside, apart);
    }
  });
}

void split(const float *tokens, const HeadSizes &sizes, int64_t parts, const Heads *to) {
  for_each_head(sizes, parts, [&](int64_t part, int64_t beside, int64_t apart) {
    const Heads &heads = to[part];
    for (int64_t i = 0; i < sizes.channels; ++i) heads.data[apart + i] = heads.scale * tokens[beside + i];
  });
}

void merge(const Heads *from, const HeadSizes &sizes, int64_t parts, float *tokens) {
  for_each_head(sizes, parts, [&](int64_t part, int64_t beside, int64_t apart) {
    const Heads &heads = from[part];
    for (int64_t i = 0; i < sizes.channels; ++i) tokens[beside + i] = heads.scale * heads.data[apart + i];
  });
}

}  // namespace
}  // namespace augvit

// (qkv (B, N, 3 * h * d), scale) -> q * scale, k, v, each (B, h, N, d)
AUGVIT_KERNEL(split_heads) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const HeadSizes sizes{shapes[2][0], shapes[2][1], shapes[2][2], shapes[2][3]};
  if (operands[0].size() != 3 * operands[2].size()) return kShapes;
  const Heads parts[] = {{operands[2].data, operands[1].data[0]}, {operands[3].data, 1.0f}, {operands[4].data, 1.0f}};
  split(operands[0].data, sizes, 3, parts);
  return kDone;
}

// (dq, dk, dv, scale) -> dqkv
AUGVIT_KERNEL(split_heads_gradient) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const HeadSizes sizes{shapes[0][0], shapes[0][1], shapes[0][2], shapes[0][3]};
  if (operands[4].size() != 3 * operands[0].size()) return kShapes;
  const Heads parts[] = {{operands[0].data, operands[3].data[0]}, {operands[1].data, 1.0f}, {operands[2].data, 1.0f}};
  merge(parts, sizes, 3, operands[4].data);
  return kDone;
}

// (heads (B, h, N, d)) -> tokens (B, N, h * d)
AUGVIT_KERNEL(merge_heads) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  if (operands[0].size() != operands[1].size()) return kShapes;
  const Heads part{operands[0].data, 1.0f};
  merge(&part, {shapes[0][0], shapes[0][1], shapes[0][2], shapes[0][3]}, 1, operands[1].data);
  return kDone;
}

// (dtokens (B, N, h * d)) -> dheads (B, h, N, d)
AUGVIT_KERNEL(merge_heads_gradient) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  if (operands[0].size() != operands[1].size()) return kShapes;
  const Heads part{operands[1].data, 1.0f};
  split(operands[0].data, {shapes[1][0], shapes[1][1], shapes[1][2], shapes[1][3]}, 1, &part);
  return kDone;
}
