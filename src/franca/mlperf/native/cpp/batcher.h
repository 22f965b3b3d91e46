// Collects queries and hands them out in batches, limited by size and by waiting time.
#ifndef FRANCA_BATCHER_H_
#define FRANCA_BATCHER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "query_sample.h"

namespace franca {

using Clock = std::chrono::steady_clock;

struct Batch {
  std::vector<mlperf::ResponseId> ids;
  std::vector<uint32_t> indices;
  std::vector<Clock::time_point> issued;  // of each sample

  size_t size() const { return ids.size(); }
  void clear();
};

class Batcher {
 public:
  Batcher(size_t max_batch, std::chrono::microseconds wait) : max_(max_batch), wait_(wait) {}

  void Push(const std::vector<mlperf::QuerySample>& samples);
  void Flush();  // hold nothing back from now on, until new queries come
  void Close();  // no more will come; Take returns kEnd when all is handed out

  enum Taken { kBatchTaken, kFlushed, kEnd };

  // Waits for work. `batch` is cleared first. kFlushed is told once per flush to each caller that keeps count in
  // `flushes`, when everything that came before is handed out; callers who pass nullptr are not told.
  Taken Take(Batch* batch, uint64_t* flushes = nullptr);

  // The same without waiting: false when there is no batch that Take would hand out at once.
  bool TryTake(Batch* batch);

 private:
  struct Chunk {
    std::vector<mlperf::QuerySample> samples;
    size_t next;
    Clock::time_point issued;
  };

  void Move(Batch* batch);

  const size_t max_;
  const std::chrono::microseconds wait_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Chunk> chunks_;
  size_t waiting_ = 0;  // samples in all chunks
  bool flushing_ = false;
  uint64_t flushes_ = 0;
  bool closed_ = false;
};

}  // namespace franca

#endif
