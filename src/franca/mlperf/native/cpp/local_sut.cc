#include "local_sut.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "answers.h"
#include "batcher.h"
#include "row_library.h"

namespace franca {
namespace {

constexpr int kWarmUpRuns = 5;  // per batch size used, as the Python harness does

// One thread's engine, buffers and times.
class Lane {
 public:
  Lane(const RunConfig& config, const RowLibrary* library, Report* report, EngineMaker maker)
      : library_(library),
        report_(report),
        item_bytes_(config.item_bytes),
        argmax_(config.payload == "argmax"),
        engine_(maker(config)),
        answers_(report, config.item_bytes, config.per_query) {
    if (!argmax_ && config.payload != "first") throw std::runtime_error("no payload is called " + config.payload);
    if (item_bytes_ != (argmax_ ? sizeof(int64_t) : sizeof(float)))
      throw std::runtime_error("a payload of " + std::to_string(item_bytes_) + " bytes does not fit " + config.payload);
  }

  void WarmUp(size_t count) {
    input_.assign(count * library_->width(), 0.0f);
    size_t width = 0;
    for (int k = 0; k < kWarmUpRuns; ++k) engine_->Run(input_.data(), count, &width);
  }

  void Answer(const Batch& batch) {
    const auto began = Clock::now();
    try {
      Compute(batch);
    } catch (const std::exception& error) {
      report_->Fail("worker", error.what());
      answers_.SendEmpty(batch.ids.data(), batch.size());
      return;
    }
    answers_.Send(batch.ids.data(), batch.size(), payload_.data());
    answers_.KeepTimes(batch, began);
  }

  const Histogram& times() const { return answers_.times(); }

 private:
  void Compute(const Batch& batch) {
    const size_t wide = library_->width();
    input_.resize(batch.size() * wide);
    for (size_t k = 0; k < batch.size(); ++k)
      std::memcpy(&input_[k * wide], library_->Row(batch.indices[k]), wide * sizeof(float));
    size_t width = 0;
    const float* output = engine_->Run(input_.data(), batch.size(), &width);
    payload_.resize(batch.size() * item_bytes_);
    for (size_t k = 0; k < batch.size(); ++k) Encode(output + k * width, width, &payload_[k * item_bytes_]);
  }

  void Encode(const float* values, size_t width, char* into) const {
    if (argmax_) {
      const int64_t best = std::max_element(values, values + width) - values;
      std::memcpy(into, &best, sizeof(best));
    } else {
      std::memcpy(into, values, sizeof(float));
    }
  }

  const RowLibrary* const library_;
  Report* const report_;
  const size_t item_bytes_;
  const bool argmax_;
  const std::unique_ptr<Engine> engine_;
  Answers answers_;
  std::vector<float> input_;
  std::vector<char> payload_;
};

class LocalSut : public Sut {
 public:
  LocalSut(const RunConfig& config, Report* report, EngineMaker maker)
      : name_(config.sut_name),
        inline_(config.scenario == "SingleStream" || config.scenario == "MultiStream"),
        max_batch_(config.max_batch),
        library_(config),
        batcher_(config.max_batch, std::chrono::microseconds(config.batch_timeout_us)) {
    for (size_t k = 0; k < (inline_ ? 1 : config.workers); ++k)
      lanes_.push_back(std::make_unique<Lane>(config, &library_, report, maker));
  }

  ~LocalSut() override { Stop(); }

  const std::string& Name() override { return name_; }

  void IssueQuery(const std::vector<mlperf::QuerySample>& samples) override {
    if (!inline_) {
      batcher_.Push(samples);
      return;
    }
    batch_.clear();
    for (const mlperf::QuerySample& sample : samples) {
      batch_.ids.push_back(sample.id);
      batch_.indices.push_back(static_cast<uint32_t>(sample.index));
    }
    lanes_[0]->Answer(batch_);
  }

  void FlushQueries() override { batcher_.Flush(); }

  void Start() override {
    for (const auto& lane : lanes_) {
      for (size_t count = 1; count < max_batch_; count *= 2) lane->WarmUp(count);
      lane->WarmUp(max_batch_);
      const size_t last = library_.TotalSampleCount() % max_batch_;  // the last batch of the data set
      if (last) lane->WarmUp(last);
    }
    if (inline_) return;
    for (const auto& lane : lanes_) threads_.emplace_back([this, &lane] { Work(lane.get()); });
  }

  void Stop() override {
    batcher_.Close();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  Histogram Times() const override {
    Histogram total;
    for (const auto& lane : lanes_) total.Merge(lane->times());
    return total;
  }

  mlperf::QuerySampleLibrary* Library() override { return &library_; }

 private:
  void Work(Lane* lane) {
    Batch batch;
    while (batcher_.Take(&batch) == Batcher::kBatchTaken) lane->Answer(batch);
  }

  const std::string name_;
  const bool inline_;
  const size_t max_batch_;
  RowLibrary library_;
  Batcher batcher_;
  Batch batch_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Sut> MakeLocalSut(const RunConfig& config, Report* report, EngineMaker maker) {
  return std::make_unique<LocalSut>(config, report, maker);
}

}  // namespace franca
