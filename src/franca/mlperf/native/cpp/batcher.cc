#include "batcher.h"

#include <algorithm>

namespace franca {

void Batch::clear() {
  ids.clear();
  indices.clear();
  issued.clear();
}

void Batcher::Push(const std::vector<mlperf::QuerySample>& samples) {
  const auto now = Clock::now();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    chunks_.push_back({samples, 0, now});
    waiting_ += samples.size();
    flushing_ = false;
  }
  if (samples.size() > max_ || wait_.count() > 0)
    changed_.notify_all();
  else
    changed_.notify_one();
}

void Batcher::Flush() {
  std::lock_guard<std::mutex> lock(mutex_);
  flushing_ = true;
  ++flushes_;
  changed_.notify_all();
}

void Batcher::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Batcher::Taken Batcher::Take(Batch* batch, uint64_t* flushes) {
  batch->clear();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    const auto flushed = [&] { return flushes != nullptr && *flushes != flushes_; };
    changed_.wait(lock, [&] { return waiting_ > 0 || closed_ || flushed(); });
    if (waiting_ == 0 && flushed()) {
      *flushes = flushes_;
      return kFlushed;
    }
    if (waiting_ == 0) return kEnd;
    if (wait_.count() == 0) break;
    const auto until = chunks_.front().issued + wait_;
    changed_.wait_until(lock, until, [this] { return waiting_ == 0 || waiting_ >= max_ || flushing_ || closed_; });
    if (waiting_ > 0) break;  // else another thread was quicker
  }
  Move(batch);
  return kBatchTaken;
}

bool Batcher::TryTake(Batch* batch) {
  batch->clear();
  std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_ == 0 || (wait_.count() > 0 && waiting_ < max_ && !flushing_)) return false;
  Move(batch);
  return true;
}

void Batcher::Move(Batch* batch) {
  while (waiting_ > 0 && batch->size() < max_) {
    Chunk& chunk = chunks_.front();
    const size_t count = std::min(max_ - batch->size(), chunk.samples.size() - chunk.next);
    for (size_t k = chunk.next; k < chunk.next + count; ++k) {
      batch->ids.push_back(chunk.samples[k].id);
      batch->indices.push_back(static_cast<uint32_t>(chunk.samples[k].index));
    }
    batch->issued.resize(batch->size(), chunk.issued);
    chunk.next += count;
    waiting_ -= count;
    if (chunk.next == chunk.samples.size()) chunks_.pop_front();
  }
}

}  // namespace franca
