// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
// The block-circulant products of an augmented shortcut in the Fourier domain (Tang et al., NeurIPS 2021, Eq. 14).
//
// Two real blocks stand as the real and the imaginary part of one complex block, a pair. The product of a pair P with
// the four circulant blocks between two pairs is, at each frequency k,
//
//     Y[k] = A[k] P[k] + B[k] conj(P[-k]),   A = (U - i V) / 2,   B = (U + i V) / 2,
//
// where U is the transform of w_00 + i w_10 and V that of w_01 + i w_11, and w_ij leads from block j to block i. So
// spectra need not be taken apart on the way in, nor put together on the way out. A block without a partner has zeros.
#pragma once

#include <memory>
#include <vector>

#include "fourier.h"
#include "operands.h"

namespace augvit {

// The sizes of one shortcut: b blocks of n channels go in, and come out of each of T paths.
struct Sizes {
  int64_t tokens, channels, n, blocks, paths;
  bool valid;

  // Of z (..., C), the generators (T, b, b, n) and the bias (T * C).
  Sizes(const Operand &z, const Operand &generators, const Operand &bias);

  int64_t pairs() const { return (blocks + 1) / 2; }  // of the input, and of the output of each path
  int64_t outputs() const { return paths * pairs(); }  // pairs that come out of all paths
};

// Of the pairs of one spectrum to those of another.
struct Map {
  int64_t from, to;            // pairs
  std::vector<float> weights;  // [to][frequency and its opposite][from] x A[k], B[k], A[-k], B[-k]
  std::vector<float> shifts;   // what is added: [to][frequency and its opposite] x at k, at -k

  // Write spectrum `pair` of the result, n Vecs real and n imaginary; `spectra` holds all that go in, side by side.
  void project(const Fourier &fourier, int64_t pair, const Vec *spectra, Vec *result) const;
};

// The projections of one shortcut in the Fourier domain, over n: Fourier's way back multiplies by n.
struct Spectra {
  Map forward;     // from the input to all paths, with the bias
  Map transposed;  // the transpose of its linear part

  // Those of generators and bias, made anew only where these have changed since: once a step in training, once for all
  // in evaluation.
  static std::shared_ptr<const Spectra> of(const Sizes &sizes, const Operand &generators, const Operand &bias);
};

// Write the gradient of the weights of a map, as sums over `groups` x `kLanes` tokens, in the order of `Map::weights`.
// Of each group `inputs` holds the spectra of what went in, `outputs` those of the gradients to what came out.
void correlate(const Fourier &fourier, const Map &map, int64_t groups, const Vec *inputs, const Vec *outputs,
               float *to);

// Write the gradient of the generators, of their shape, from that of the weights of `Spectra::forward`.
void generator_gradient(const Sizes &sizes, const float *weights, const Operand &gradient);

}  // namespace augvit
