// Hands answers to LoadGen, and keeps the times. One object per thread.
#ifndef FRANCA_ANSWERS_H_
#define FRANCA_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "batcher.h"
#include "histogram.h"
#include "loadgen.h"
#include "query_sample.h"
#include "report.h"

namespace franca {

class Answers {
 public:
  Answers(Report* report, size_t item_bytes, bool per_query)
      : report_(report), item_bytes_(item_bytes), per_query_(per_query) {}

  // Complete `ids` with payloads that lie one after the other from `data` on. `sizes` are their bytes, nullptr when
  // each has `item_bytes`.
  void Send(const mlperf::ResponseId* ids, size_t count, const void* data, const uint32_t* sizes = nullptr) {
    uintptr_t at = reinterpret_cast<uintptr_t>(data);
    responses_.clear();
    for (size_t k = 0; k < count; ++k) {
      const size_t size = sizes ? sizes[k] : item_bytes_;
      responses_.emplace_back(ids[k], at, size);
      at += size;
    }
    mlperf::QuerySamplesComplete(responses_.data(), count);
  }

  // Complete without an answer, so that LoadGen can end a run that has failed.
  void SendEmpty(const mlperf::ResponseId* ids, size_t count) {
    responses_.clear();
    for (size_t k = 0; k < count; ++k) responses_.emplace_back(ids[k], 0, 0);
    report_->CountEmpty(count);
    mlperf::QuerySamplesComplete(responses_.data(), count);
  }

  // The time of a whole batch that began at `began`, or of each of its queries.
  void KeepTimes(const Batch& batch, Clock::time_point began) {
    const auto done = Clock::now();
    if (!per_query_) {
      Keep(began, done, 1);
      return;
    }
    for (size_t at = 0; at < batch.size();) {  // samples that were issued together have one time
      size_t end = at + 1;
      while (end < batch.size() && batch.issued[end] == batch.issued[at]) ++end;
      Keep(batch.issued[at], done, end - at);
      at = end;
    }
  }

  const Histogram& times() const { return times_; }

 private:
  void Keep(Clock::time_point began, Clock::time_point done, uint64_t times) {
    times_.Add(std::chrono::duration_cast<std::chrono::nanoseconds>(done - began).count(), times);
  }

  Report* const report_;
  const size_t item_bytes_;
  const bool per_query_;
  std::vector<mlperf::QuerySampleResponse> responses_;
  Histogram times_;
};

}  // namespace franca

#endif
