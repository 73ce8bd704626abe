// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "gelu.h"

#include "operands.h"
#include "parallel.h"

namespace augvit {
namespace {

constexpr int64_t kPart = 16384;  // numbers a thread takes at a time: 64 KiB, 10 microseconds

template <typename F>
void for_all(int64_t size, F f) {
  parallel_parts(size, kPart, [&](int64_t, int64_t begin, int64_t end) { for_each_vec(begin, end, f); });
}

}  // namespace
}  // namespace augvit

// (x) -> x * Phi(x)
AUGVIT_KERNEL(gelu) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const Operand x = operands[0], y = operands[1];
  for_all(x.size(), [&](int64_t i, int64_t n) { store_some(y.data + i, gelu(load_some(x.data + i, n)), n); });
  return kDone;
}

// (x, dy) -> dx = dy * gelu'(x)
AUGVIT_KERNEL(gelu_gradient) {
  using namespace augvit;
  const Operands operands(count, data, ranks, shapes, types);
  if (!operands.all_float32()) return kNotFloat32;
  const Operand x = operands[0], dy = operands[1], dx = operands[2];
  if (x.size() != dy.size()) return kShapes;
  for_all(x.size(), [&](int64_t i, int64_t n) {
    store_some(dx.data + i, load_some(dy.data + i, n) * gelu_derivative(load_some(x.data + i, n)), n);
  });
  return kDone;
}
