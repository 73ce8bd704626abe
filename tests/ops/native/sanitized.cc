// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Call every kernel on awkward sizes, each array in a piece of the heap of exactly its size, so that AddressSanitizer
// sees the first number read or written outside. Prints the names of the kernels that it called.
//
//     sanitized [KERNEL OPERAND]    with the names: that operand of that kernel is one number too short
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using Kernel = int(int, void **, int *, int64_t **, const char **, void *, void *);
extern "C" {
Kernel softmax, softmax_gradient, biased_softmax, biased_softmax_gradient;
Kernel layer_norm, layer_norm_gradient, gelu, gelu_gradient, biased_gelu, biased_gelu_gradient;
Kernel split_heads, split_heads_gradient, merge_heads, merge_heads_gradient, rearrange, column_sums;
Kernel gelu_shortcut, gelu_shortcut_gradient, linear_shortcut, linear_shortcut_gradient;
}

namespace {

using Shape = std::vector<int64_t>;

struct Input {
  Shape shape;
  float low = -2.0f, high = 2.0f;  // the numbers are drawn from there
  bool whole = false;              // rounded down
  Input(Shape s) : shape(std::move(s)) {}
  Input(Shape s, float from, float to, bool rounded) : shape(std::move(s)), low(from), high(to), whole(rounded) {}
};

Input positive(Shape shape) { return {std::move(shape), 0.5f, 1.5f, false}; }
Input rows_of(Shape shape, int64_t count) { return {std::move(shape), -1.0f, count - 0.01f, true}; }  // -1: none

std::string short_kernel;
size_t short_operand = 0;
std::mutex names_lock;
std::set<std::string> names;

void fail(const char *name, const char *why) {
  std::fprintf(stderr, "%s: %s\n", name, why);
  std::_Exit(1);  // other threads are at work
}

struct Array {
  Shape shape;
  int64_t size = 1;
  float *data;

  Array(const Shape &s, bool one_short) : shape(s) {
    for (int64_t extent : s) size *= extent;
    size -= one_short;
    data = static_cast<float *>(std::malloc(sizeof(float) * size));  // not new: that may give more
  }
  Array(const Array &) = delete;
  ~Array() { std::free(data); }
};

void draw(const Input &input, Array &array) {
  thread_local uint32_t state = 0;  // of a linear congruential generator, because this is compiled without optimisation
  for (int64_t i = 0; i < array.size; ++i) {
    state = state * 1664525u + 1013904223u;
    const float value = input.low + (input.high - input.low) * static_cast<float>(state >> 8) * 0x1p-24f;
    array.data[i] = input.whole ? std::floor(value) : value;
  }
}

bool all_finite(const Array &array) {
  for (int64_t i = 0; i < array.size; ++i)
    if (!std::isfinite(array.data[i])) return false;
  return true;
}

void call_here(const char *name, Kernel *kernel, const std::vector<Input> &inputs, const std::vector<Shape> &outputs) {
  std::vector<std::unique_ptr<Array>> arrays;
  const auto add = [&](const Shape &shape) {
    arrays.push_back(std::make_unique<Array>(shape, name == short_kernel && arrays.size() == short_operand));
    return arrays.back().get();
  };
  for (const Input &input : inputs) draw(input, *add(input.shape));
  for (const Shape &shape : outputs) {
    Array *array = add(shape);
    std::fill_n(array->data, array->size, std::numeric_limits<float>::quiet_NaN());
  }
  std::vector<void *> data;
  std::vector<int> ranks;
  std::vector<int64_t *> shapes;
  for (const auto &array : arrays) {
    data.push_back(array->data);
    ranks.push_back(static_cast<int>(array->shape.size()));
    shapes.push_back(array->shape.data());
  }
  std::vector<const char *> types(arrays.size(), "float32");
  const int count = static_cast<int>(arrays.size());
  if (kernel(count, data.data(), ranks.data(), shapes.data(), types.data(), nullptr, nullptr) != 0)
    fail(name, "refused its operands");
  for (size_t i = inputs.size(); i < arrays.size(); ++i)
    if (!all_finite(*arrays[i])) fail(name, "left numbers of an output as they were");
}

void call(const char *name, Kernel *kernel, const std::vector<Input> &inputs, const std::vector<Shape> &outputs) {
  {
    std::lock_guard<std::mutex> guard(names_lock);
    names.insert(name);
  }
  // a thread of its own, because a kernel may keep room from call to call: too much of it would hide a mistake
  std::thread([&] { call_here(name, kernel, inputs, outputs); }).join();
}

#define CALL(name, ...) call(#name, name, __VA_ARGS__)

void call_on_rows(int64_t r, int64_t c) {
  const Shape x{r, c}, row{c};
  CALL(softmax, {x}, {x});
  CALL(softmax_gradient, {x, x}, {x});
  CALL(column_sums, {x}, {row});
  CALL(gelu, {x}, {x});
  CALL(gelu_gradient, {x, x}, {x});
  CALL(biased_gelu, {x, row}, {x});
  CALL(biased_gelu_gradient, {x, row, x}, {x, row});
  CALL(layer_norm, {x, row, row, positive({1})}, {x});
  CALL(layer_norm_gradient, {x, row, positive({1}), x}, {x, row, row});
  const Shape twice{2 * r, c}, batch{2, r, c}, table{r + 3, 1 + r % 3}, more{2, r + 3, c};
  CALL(biased_softmax, {twice, x}, {twice});
  CALL(biased_softmax_gradient, {twice, twice, x}, {twice, x});
  CALL(rearrange, {batch, rows_of(table, r)}, {more});
}

void call_on_heads(int64_t batch, int64_t h, int64_t tokens, int64_t d) {
  const Shape heads{batch, h, tokens, d}, merged{batch, tokens, h * d};
  CALL(merge_heads, {heads}, {merged});
  CALL(merge_heads_gradient, {merged, Shape{h}}, {heads});
  for (int64_t parts = 1; parts <= 3; ++parts) {
    const Shape product{batch, tokens, parts * h * d}, bias{parts * h * d}, scales{parts, h};
    const std::vector<Shape> apart(parts, heads);
    CALL(split_heads, {product, bias, scales}, apart);
    std::vector<Input> gradients(apart.begin(), apart.end());
    gradients.push_back(scales);
    CALL(split_heads_gradient, gradients, {product, bias});
  }
}

void call_on_blocks(int64_t tokens, int64_t n, int64_t b, int64_t paths) {
  const Shape x{1, tokens, b * n}, generators{paths, b, b, n}, bias{paths * b * n}, scale{1};
  CALL(gelu_shortcut, {x, x, x, generators, bias, scale}, {x});
  CALL(gelu_shortcut_gradient, {x, generators, bias, scale, x}, {x, x, generators, bias});
  CALL(linear_shortcut, {x, x, x, generators, bias, scale}, {x});
  CALL(linear_shortcut_gradient, {x, generators, bias, scale, x}, {x, x, generators, bias});
}

const std::vector<int64_t> kTokens{1, 15, 16, 17, 33, 200};
const std::vector<int64_t> kPoints{1, 2, 3, 5, 7, 8, 12, 16, 32, 48, 80, 96, 112, 128, 192};

void call_all_on_rows() {
  for (int64_t rows : kTokens)
    for (int64_t channels : {1, 2, 15, 16, 17, 31, 33, 48, 197}) call_on_rows(rows, channels);
  call_on_rows(1100, 17);  // more than one part of every kernel
}

void call_all_on_heads() {
  for (int64_t tokens : kTokens)
    for (int64_t h : {1, 3})
      for (int64_t d : {1, 5, 16, 17}) call_on_heads(1 + h % 2, h, tokens, d);
}

void call_all_on_blocks(int64_t tokens) {
  for (int64_t n : kPoints)
    for (int64_t b : {1, 3, 4})
      for (int64_t paths : {1, 2, 3})
        if (tokens < 100 || paths == 2) call_on_blocks(tokens, n, b, paths);  // for the time it takes
}

}  // namespace

int main(int count, char **words) {
  if (count == 3) {
    short_kernel = words[1];
    short_operand = std::atoi(words[2]);
  }
  // at once: the threads of the kernels work for one of them, and the others do without
  std::vector<std::thread> threads;
  threads.emplace_back(call_all_on_rows);
  threads.emplace_back(call_all_on_heads);
  for (int64_t tokens : kTokens) threads.emplace_back(call_all_on_blocks, tokens);
  for (std::thread &thread : threads) thread.join();
  for (const std::string &name : names) std::printf("%s\n", name.c_str());
  return 0;
}
