// Counts of times in geometric buckets, 16 per octave, as franca.mlperf.inference.histogram has them.
#ifndef FRANCA_HISTOGRAM_H_
#define FRANCA_HISTOGRAM_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace franca {

class Histogram {
 public:
  static constexpr int kPerOctave = 16;

  Histogram() : counts_(48 * kPerOctave, 0) {}

  void Add(int64_t nanoseconds, uint64_t times = 1) {
    const int bucket = nanoseconds > 1 ? static_cast<int>(std::log2(nanoseconds) * kPerOctave) : 0;
    counts_[bucket] += times;
  }

  void Merge(const Histogram& other) {
    for (size_t k = 0; k < counts_.size(); ++k) counts_[k] += other.counts_[k];
  }

  // "FIRST COUNT COUNT ..." from the first bucket that holds anything to the last.
  std::string ToText() const {
    size_t first = 0, end = counts_.size();
    while (first < end && counts_[first] == 0) ++first;
    while (end > first && counts_[end - 1] == 0) --end;
    std::string text = std::to_string(first < end ? first : 0);
    for (size_t k = first; k < end; ++k) text += " " + std::to_string(counts_[k]);
    return text;
  }

 private:
  std::vector<uint64_t> counts_;
};

}  // namespace franca

#endif
