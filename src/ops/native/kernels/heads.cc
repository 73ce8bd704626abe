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

// (product (B, N, P * h * d), bias (P * h * d), scales (P, h), alike for all heads)
// -> (part + bias) * scale of each part, (B, h, N, d)
AUGVIT_KERNEL(split_heads) {
  using namespace augvit;
  const Operand product = operands[0], bias = operands[1], scales = operands[2];
  const int64_t parts = scales.rows;
  const HeadSizes sizes(operands.shape(3));
  if (product.size() != parts * sizes.size() || bias.size() != product.channels) return kShapes;
  for_each_head(sizes, parts, [&](int64_t, int64_t part, int64_t beside, int64_t apart, int64_t first) {
    const float *in = product.data + beside, *shift = bias.data + first, scale = scales.data[part * scales.channels];
    float *out = operands[3 + part].data + apart;
    for (int64_t token = 0; token < sizes.tokens; ++token, in += product.channels, out += sizes.channels)
      for (int64_t i = 0; i < sizes.channels; ++i) out[i] = (in[i] + shift[i]) * scale;
  });
  return kDone;
}

// (P gradients (B, h, N, d), scales (P, h)) -> dproduct, dbias
AUGVIT_KERNEL(split_heads_gradient) {
  using namespace augvit;
  const int64_t parts = operands.count() - 3;
  const Operand scales = operands[parts], dproduct = operands[parts + 1], dbias = operands[parts + 2];
  const HeadSizes sizes(operands.shape(0));
  if (dproduct.size() != parts * sizes.size() || dbias.size() != dproduct.channels) return kShapes;
  PartialSums sums(sizes.batch, 1, dproduct.channels);
  for_each_head(sizes, parts, [&](int64_t image, int64_t part, int64_t beside, int64_t apart, int64_t first) {
    const float *in = operands[part].data + apart, scale = scales.data[part * scales.channels];
    float *out = dproduct.data + beside, *partial = sums.of(image) + first;
    for (int64_t token = 0; token < sizes.tokens; ++token, in += sizes.channels, out += dproduct.channels)
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

// (dtokens (B, N, h * d), ones (h), for their number alone) -> dheads (B, h, N, d)
AUGVIT_KERNEL(merge_heads_gradient) {
  using namespace augvit;
  const Operand tokens = operands[0], heads = operands[2];
  const HeadSizes sizes(operands.shape(2));
  if (heads.size() != tokens.size()) return kShapes;
  for_each_head(sizes, 1, [&](int64_t, int64_t, int64_t beside, int64_t apart, int64_t) {
    for (int64_t token = 0; token < sizes.tokens; ++token)
      std::copy_n(tokens.data + beside + token * tokens.channels, sizes.channels,
                  heads.data + apart + token * sizes.channels);
  });
  return kDone;
}
