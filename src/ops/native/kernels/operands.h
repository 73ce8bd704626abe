// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// What MindSpore's custom operators ("aot") are called with, as something to read.
#pragma once

#include <cstdint>
#include <cstring>

namespace augvit {

enum Status { kDone = 0, kNotFloat32 = 1, kShapes = 2 };  // anything but 0 becomes an exception in Python

// A float32 array whose last axis holds the channels, and all the others rows.
struct Operand {
  float *data;
  int64_t rows, channels;
  int64_t size() const { return rows * channels; }
};

// The inputs of an operator, then its outputs.
class Operands {
 public:
  Operands(int count, void **data, int *ranks, int64_t **shapes, const char **types)
      : count_(count), data_(data), ranks_(ranks), shapes_(shapes), types_(types) {}

  bool all_float32() const {
    for (int i = 0; i < count_; ++i)
      if (std::strcmp(types_[i], "float32") != 0) return false;
    return true;
  }

  int count() const { return count_; }

  const int64_t *shape(int i) const { return shapes_[i]; }

  Operand operator[](int i) const {
    Operand operand{static_cast<float *>(data_[i]), 1, 1};
    for (int axis = 0; axis + 1 < ranks_[i]; ++axis) operand.rows *= shapes_[i][axis];
    if (ranks_[i] > 0) operand.channels = shapes_[i][ranks_[i] - 1];
    return operand;
  }

 private:
  int count_;
  void **data_;
  int *ranks_;
  int64_t **shapes_;
  const char **types_;
};

}  // namespace augvit

// Define the operator `name`: what follows is the body of a function of `operands`, all of them float32, that returns a
// Status.
#define AUGVIT_KERNEL(name)                                                                                       \
  static int name##_of(const augvit::Operands &operands);                                                         \
  extern "C" __attribute__((visibility("default"))) int name(int count, void **data, int *ranks, int64_t **shapes, \
                                                             const char **types, void *, void *) {                \
    const augvit::Operands operands(count, data, ranks, shapes, types);                                           \
    return operands.all_float32() ? name##_of(operands) : augvit::kNotFloat32;                                    \
  }                                                                                                               \
  static int name##_of(const augvit::Operands &operands)
