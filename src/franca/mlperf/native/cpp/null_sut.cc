// Answers every query at once with zeros: LoadGen's own limit, and nothing else.
#include <algorithm>
#include <string>
#include <vector>

#include "answers.h"
#include "sut.h"

namespace franca {
namespace {

constexpr size_t kChunk = 4096;  // responses per call: they stay in the cache

class NoLibrary : public mlperf::QuerySampleLibrary {
 public:
  explicit NoLibrary(const RunConfig& config) : total_(config.sample_count), performance_(config.performance_count) {}
  const std::string& Name() override { return name_; }
  size_t TotalSampleCount() override { return total_; }
  size_t PerformanceSampleCount() override { return performance_; }
  void LoadSamplesToRam(const std::vector<mlperf::QuerySampleIndex>&) override {}
  void UnloadSamplesFromRam(const std::vector<mlperf::QuerySampleIndex>&) override {}

 private:
  const std::string name_ = "FrancaNone";
  const size_t total_, performance_;
};

class NullSut : public Sut {
 public:
  NullSut(const RunConfig& config, Report*)
      : name_(config.sut_name), item_bytes_(config.item_bytes), zeros_(config.item_bytes, 0), library_(config) {}

  const std::string& Name() override { return name_; }

  void IssueQuery(const std::vector<mlperf::QuerySample>& samples) override {
    std::vector<mlperf::QuerySampleResponse> responses;
    responses.reserve(std::min(samples.size(), kChunk));
    const uintptr_t zeros = reinterpret_cast<uintptr_t>(zeros_.data());
    for (size_t at = 0; at < samples.size(); at += kChunk) {
      responses.clear();
      for (size_t k = at; k < std::min(at + kChunk, samples.size()); ++k)
        responses.emplace_back(samples[k].id, zeros, item_bytes_);
      mlperf::QuerySamplesComplete(responses.data(), responses.size());
    }
  }

  void FlushQueries() override {}
  void Start() override {}
  void Stop() override {}
  Histogram Times() const override { return {}; }
  mlperf::QuerySampleLibrary* Library() override { return &library_; }

 private:
  const std::string name_;
  const size_t item_bytes_;
  const std::vector<char> zeros_;
  NoLibrary library_;
};

}  // namespace

std::unique_ptr<Sut> MakeNullSut(const RunConfig& config, Report* report) {
  return std::make_unique<NullSut>(config, report);
}

}  // namespace franca
