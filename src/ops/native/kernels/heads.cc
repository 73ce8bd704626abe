// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The layouts of attention: tokens (B, N, C) side by side, heads (B, h, N, d) each on its own.
#include <algorithm>

#include "operands.h"
#include "parallel.h"

namespace augvit {
namespace {

// The sizes B, h, N and d of an array of heads.
struct HeadSizes {
  int64_t batch, heads, tokens, channels;

  explicit HeadSizes(const int64_t *shape) : batch(shape[0]), heads(shape[1]), tokens(shape[2]), channels(shape[3]) {}
  int64_t size() const { return batch * heads * tokens * channels; }
};

// An array (B, h, N, d) of heads, and what its numbers are multiplied by on their way.
struct Heads {
  float *data;
  float scale;
};

// Call f(image, part, beside, apart, first) for every head: where the head's first number stands in
// an array (B, N, parts * h * d), in the array (B, h, N, d) of its part, and in a row of the former.
template <typename F>
void for_each_head(const HeadSizes &s, int64_t parts, F f) {
  const int64_t width = parts * s.heads * s.channels;
  parallel_for(s.batch * parts * s.heads, [&](int64_t index) {
    const int64_t image = index / (parts * s.heads), lane = index % (parts * s.heads);
    const int64_t part = lane / s.heads, head = lane % s.heads, first = lane * s.channels;
    f(image, part, image * s.tokens * width + first, (image * s.heads + head) * s.tokens * s.channels, first);
  });
}

}  // namespace
}  // namespace augvit

// (qkv (B, N, 3 * h * d), bias (3 * h * d), scale) -> (q + bias) * scale, k + bias, v + bias, each (B, h, N, d)
AUGVIT_KERNEL(split_heads) {
  using namespace augvit;
  const Operand qkv = operands[0], bias = operands[1];
  const HeadSizes sizes(operands.shape(3));
  if (qkv.size() != 3 * sizes.size() || bias.size() != qkv.channels) return kShapes;
  const Heads to[] = {{operands[3].data, operands[2].data[0]}, {operands[4].data, 1.0f}, {operands[5].data, 1.0f}};
  for_each_head(sizes, 3, [&](int64_t, int64_t part, int64_t beside, int64_t apart, int64_t first) {
    const float *in = qkv.data + beside, *shift = bias.data + first, scale = to[part].scale;
    float *out = to[part].data + apart;
    for (int64_t token = 0; token < sizes.tokens; ++token, in += qkv.channels, out += sizes.channels)
      for (int64_t i = 0; i < sizes.channels; ++i) out[i] = (in[i] + shift[i]) * scale;
  });
  return kDone;
}

// (dq, dk, dv, scale) -> dqkv, dbias
AUGVIT_KERNEL(split_heads_gradient) {
  using namespace augvit;
  const Operand dqkv = operands[4], dbias = operands[5];
  const HeadSizes sizes(operands.shape(0));
  if (dqkv.size() != 3 * sizes.size() || dbias.size() != dqkv.channels) return kShapes;
  const Heads from[] = {{operands[0].data, operands[3].data[0]}, {operands[1].data, 1.0f}, {operands[2].data, 1.0f}};
  PartialSums sums(sizes.batch, 1, dqkv.channels);
  for_each_head(sizes, 3, [&](int64_t image, int64_t part, int64_t beside, int64_t apart, int64_t first) {
    const float *in = from[part].data + apart, scale = from[part].scale;
    float *out = dqkv.data + beside, *partial = sums.of(image) + first;
    for (int64_t token = 0; token < sizes.tokens; ++token, in += sizes.channels, out += dqkv.channels)
      for (int64_t i = 0; i < sizes.channels; ++i) {
        out[i] = in[i] * scale;
        partial[i] += out[i];
      }
  });
  sums.add_up(dbias.data);
  return kDone;
}

// (heads (B, h, N, d)) -> tokens (B, N, h * d)
AUGVIT_KERNEL(merge_heads) {
  using namespace augvit;
  const Operand heads = operands[0], tokens = operands[1];
  const HeadSizes sizes(operands.shape(0));
  if (heads.size() != tokens.size()) return kShapes;
  for_each_head(sizes, 1, [&](int64_t, int64_t, int64_t beside, int64_t apart, int64_t) {
    for (int64_t token = 0; token < sizes.tokens; ++token)
      std::copy_n(heads.data + apart + token * sizes.channels, sizes.channels,
                  tokens.data + beside + token * tokens.channels);
  });
  return kDone;
}

// (dtokens (B, N, h * d)) -> dheads (B, h, N, d)
AUGVIT_KERNEL(merge_heads_gradient) {
  using namespace augvit;
  const Operand tokens = operands[0], heads = operands[1];
  const HeadSizes sizes(operands.shape(1));
  if (heads.size() != tokens.size()) return kShapes;
  for_each_head(sizes, 1, [&](int64_t, int64_t, int64_t beside, int64_t apart, int64_t) {
    for (int64_t token = 0; token < sizes.tokens; ++token)
      std::copy_n(tokens.data + beside + token * tokens.channels, sizes.channels,
                  heads.data + apart + token * sizes.channels);
  });
  return kDone;
}
