// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The threads of the kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace augvit {

// Run body(0) to body(count - 1), each once, on all cores; return when all are done.
//
// Who runs what is left to chance, so the parts must not depend on each other, and what they return must not depend on
// how many threads there are: cut the work by its size, never by the number of threads.
//
// Not OpenMP: its threads spin for milliseconds after a loop and take the cores from MindSpore's own. DeiT-S took
// 531 ms with it and 350 with threads that sleep.
void parallel_for(int64_t count, const std::function<void(int64_t)> &body);

// The same for parts of `size` things: body(part, begin, end), where the last part may be shorter.
inline void parallel_parts(int64_t count, int64_t size, const std::function<void(int64_t, int64_t, int64_t)> &body) {
  parallel_for((count + size - 1) / size,
               [&](int64_t part) { body(part, part * size, std::min(count, (part + 1) * size)); });
}

// Sums over many things, kept by part and added in their order, so that the threads leave no trace in the result. There
// is one at a time on a thread: the room is kept from call to call, because fresh pages cost more than the sums.
class PartialSums {
 public:
  // For `width` sums over `count` things in parts of `size`.
  PartialSums(int64_t count, int64_t size, int64_t width) : width_(width) {
    thread_local std::vector<float> room;
    room.assign((count + size - 1) / size * width, 0.0f);
    sums_ = room.data();
    end_ = sums_ + room.size();
  }

  float *of(int64_t part) { return sums_ + part * width_; }

  // Write `count` sums over all parts, from the one with number `first` on.
  void add_up(int64_t first, int64_t count, float *to) const {
    std::fill(to, to + count, 0.0f);
    for (const float *part = sums_; part < end_; part += width_)
      for (int64_t i = 0; i < count; ++i) to[i] += part[first + i];
  }

 private:
  int64_t width_;
  float *sums_, *end_;
};

}  // namespace augvit
