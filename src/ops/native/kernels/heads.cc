// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The layouts of attention: tokens (B, N, C) side by side, heads (B, h, N, d) each on its own.
#include <algorithm>

#include "operands.h"
#include "parallel.h"
#include "simd.h"

namespace augvit {
namespace {

constexpr int64_t kTokens = 32;  // that a thread takes at a time

// The sizes B, h, N and d of an array of heads.
struct HeadSizes {
  int64_t batch, heads, tokens, channels;

  explicit HeadSizes(const int64_t *shape) : batch(shape[0]), heads(shape[1]), tokens(shape[2]), channels(shape[3]) {}
  int64_t size() const { return batch * heads * tokens * channels; }
};

// Call f(number, part, beside, apart, first) for every head of every token: the number of the sums that the thread adds
// to, and where the head's first number stands in an array (B, N, parts * h * d), in the array (B, h, N, d) of its
// part, and in a row of the former. Token after token, not head after head, because the caches want rows whole: the
// gradient takes a quarter of the time.
template <typename F>
void for_each_head(const HeadSizes &s, int64_t parts, F f) {
  const int64_t lanes = parts * s.heads;
  parallel_parts(s.batch * s.tokens, kTokens, [&](int64_t number, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        const int64_t part = lane / s.heads, head = row / s.tokens * s.heads + lane % s.heads;
        const int64_t apart = (head * s.tokens + row % s.tokens) * s.channels;
        f(number, part, (row * lanes + lane) * s.channels, apart, lane * s.channels);
      }
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
    for_each_vec(0, sizes.channels, [&](int64_t i, int64_t n) {
      store_some(out + i, (load_some(in + i, n) + load_some(shift + i, n)) * scale, n);
    });
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
  PartialSums sums(dproduct.rows, kTokens, dproduct.channels);
  for_each_head(sizes, parts, [&](int64_t number, int64_t part, int64_t beside, int64_t apart, int64_t first) {
    const float *in = operands[part].data + apart, scale = scales.data[part * scales.channels];
    float *out = dproduct.data + beside, *partial = sums.of(number) + first;
    for_each_vec(0, sizes.channels, [&](int64_t i, int64_t n) {
      const Vec gradient = load_some(in + i, n) * scale;
      store_some(out + i, gradient, n);
      store_some(partial + i, load_some(partial + i, n) + gradient, n);
    });
  });
  sums.add_up(0, dproduct.channels, dbias.data);
  return kDone;
}

// (heads (B, h, N, d)) -> tokens (B, N, h * d)
AUGVIT_KERNEL(merge_heads) {
  using namespace augvit;
  const Operand heads = operands[0], tokens = operands[1];
  const HeadSizes sizes(operands.shape(0));
  if (heads.size() != tokens.size()) return kShapes;
  for_each_head(sizes, 1, [&](int64_t, int64_t, int64_t beside, int64_t apart, int64_t) {
    std::copy_n(heads.data + apart, sizes.channels, tokens.data + beside);
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
    std::copy_n(tokens.data + beside, sizes.channels, heads.data + apart);
  });
  return kDone;
}
