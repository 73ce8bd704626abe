// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// Several numbers at once, by the compiler's vector extension: as many as a register of the processor holds.
#pragma once

#include <cstdint>
#include <cstring>

namespace augvit {

// For what works on Vecs in registers: a call would send them through memory.
#define AUGVIT_INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
#elif defined(__AVX__)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;  // SSE, NEON
#endif
using Vec = float __attribute__((vector_size(4 * kLanes)));
using IntVec = int32_t __attribute__((vector_size(4 * kLanes)));

inline Vec load(const float *from) {
  Vec values;
  std::memcpy(&values, from, sizeof values);
  return values;
}

inline void store(float *to, Vec values) { std::memcpy(to, &values, sizeof values); }

inline Vec splat(float value) { return value - Vec{}; }  // not Vec{} + value: that is an addition, for the sake of -0

// The numbers as their bits, and back.
inline IntVec bits(Vec x) {
  IntVec as_bits;
  std::memcpy(&as_bits, &x, sizeof x);
  return as_bits;
}

inline Vec from_bits(IntVec as_bits) {
  Vec x;
  std::memcpy(&x, &as_bits, sizeof x);
  return x;
}

inline Vec absolute(Vec x) { return from_bits(bits(x) & 0x7fffffff); }

// The smaller of x >= 0 and a limit, compared as whole numbers: that is one instruction, and of floats two.
inline Vec at_most(Vec x, float limit) {
  const IntVec as_bits = bits(x), most = bits(splat(limit));
  const IntVec smaller = as_bits < most ? as_bits : most;
  return from_bits(smaller);
}

// The first `count` lanes from and to memory; the others are 0, and not written.
inline Vec load_some(const float *from, int64_t count) {
  if (count == kLanes) return load(from);
  Vec values{};
  std::memcpy(&values, from, sizeof(float) * count);
  return values;
}

inline void store_some(float *to, Vec values, int64_t count) {
  if (count == kLanes) return store(to, values);
  std::memcpy(to, &values, sizeof(float) * count);
}

// Call f(i, n) for the Vecs from begin to end: each starts at i and has n lanes, which are all but for the last one.
template <typename F>
void for_each_vec(int64_t begin, int64_t end, F f) {
  for (; begin + kLanes <= end; begin += kLanes) f(begin, kLanes);
  if (begin < end) f(begin, end - begin);
}

// The sum of the lanes, always in the same order.
inline float sum(Vec values) {
  float total = 0.0f;
  for (int64_t i = 0; i < kLanes; ++i) total += values[i];
  return total;
}

// exp(x) for x <= 0, to 3e-7 of its value; what is below -87 counts as -87 (1.6e-38, the end of float's range).
inline Vec exp_of_negative(Vec x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding and taking it away rounds to a whole number
  x = x < -87.0f ? splat(-87.0f) : x;
  const Vec power = (x * 1.44269504f + kRound) - kRound;                  // of two
  const Vec r = (x - power * 0.693359375f) + power * 2.12194440e-4f;      // ln 2 in two parts; |r| <= 0.35
  Vec e = splat(1.0f / 720);                                              // Taylor: the next term is below 1e-7
  e = e * r + 1.0f / 120;
  e = e * r + 1.0f / 24;
  e = e * r + 1.0f / 6;
  e = e * r + 0.5f;
  e = e * r + 1.0f;
  e = e * r + 1.0f;
  const IntVec exponent = (__builtin_convertvector(power, IntVec) + 127) << 23;
  return e * from_bits(exponent);
}

}  // namespace augvit
