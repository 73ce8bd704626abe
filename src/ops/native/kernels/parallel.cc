// Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace augvit {
namespace {

class Pool {
 public:
  explicit Pool(int64_t helpers) {
    for (int64_t i = 0; i < helpers; ++i) std::thread([this] { serve(); }).detach();
    helpers_ = helpers;
  }

  void run(int64_t count, const std::function<void(int64_t)> &body) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock() || helpers_ == 0 || count == 1) {  // the pool works for another kernel: do it here
      for (int64_t i = 0; i < count; ++i) body(i);
      return;
    }
    {
      std::lock_guard<std::mutex> guard(lock_);
      body_ = &body;
      count_ = count;
      next_ = 0;
      ++job_;
    }
    wake_.notify_all();
    take_parts(count, body);
    std::unique_lock<std::mutex> guard(lock_);
    body_ = nullptr;  // a helper that is still waking up comes too late, and is not waited for
    done_.wait(guard, [this] { return working_ == 0; });
  }

 private:
  void take_parts(int64_t count, const std::function<void(int64_t)> &body) {
    for (int64_t i = next_++; i < count; i = next_++) body(i);
  }

  void serve() {
    uint64_t served = 0;
    std::unique_lock<std::mutex> guard(lock_);
    for (;;) {
      wake_.wait(guard, [&] { return job_ != served; });
      served = job_;
      if (body_ == nullptr) continue;
      ++working_;
      const int64_t count = count_;
      const std::function<void(int64_t)> &body = *body_;
      guard.unlock();
      take_parts(count, body);
      guard.lock();
      if (--working_ == 0) done_.notify_one();
    }
  }

  std::mutex turn_, lock_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)> *body_ = nullptr;
  std::atomic<int64_t> next_{0};
  int64_t count_ = 0, working_ = 0, helpers_ = 0;
  uint64_t job_ = 0;
};

}  // namespace

void parallel_for(int64_t count, const std::function<void(int64_t)> &body) {
  // Never destroyed: its threads may outlive the statics of this library when the process ends.
  static Pool *pool = new Pool(std::max<int64_t>(std::thread::hardware_concurrency(), 1) - 1);
  pool->run(count, body);
}

}  // namespace augvit
