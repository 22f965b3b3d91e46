// Batches queries for Python worker processes, which run the ordinary plug-ins.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "channel.h"
#include "sut.h"

namespace franca {
namespace {

using Channels = std::vector<std::unique_ptr<Channel>>;

// The data set lives in the workers, each of which has all of it that is loaded.
class RemoteLibrary : public mlperf::QuerySampleLibrary {
 public:
  RemoteLibrary(const RunConfig& config, Channels* channels)
      : total_(config.sample_count), performance_(config.performance_count), channels_(channels) {}

  const std::string& Name() override { return name_; }
  size_t TotalSampleCount() override { return total_; }
  size_t PerformanceSampleCount() override { return performance_; }
  void LoadSamplesToRam(const std::vector<mlperf::QuerySampleIndex>& samples) override { Ask(kLoad, samples); }
  void UnloadSamplesFromRam(const std::vector<mlperf::QuerySampleIndex>& samples) override { Ask(kUnload, samples); }

 private:
  void Ask(ToWorker kind, const std::vector<mlperf::QuerySampleIndex>& samples) {
    const std::vector<uint32_t> indices(samples.begin(), samples.end());
    for (const auto& channel : *channels_) channel->AskLoad(kind, indices);
    for (const auto& channel : *channels_) channel->WaitLoaded();
  }

  const std::string name_ = "FrancaWorkers";
  const size_t total_, performance_;
  Channels* const channels_;
};

class BridgeSut : public Sut {
 public:
  BridgeSut(const RunConfig& config, Report* report)
      : name_(config.sut_name),
        batcher_(config.max_batch, std::chrono::microseconds(config.batch_timeout_us)),
        library_(config, &channels_) {
    if (config.worker_fds.empty()) throw std::runtime_error("the bridge has no workers");
    for (size_t k = 0; k < config.worker_fds.size(); ++k)
      channels_.push_back(std::make_unique<Channel>(config, k, &batcher_, report));
  }

  ~BridgeSut() override { batcher_.Close(); }

  const std::string& Name() override { return name_; }
  void IssueQuery(const std::vector<mlperf::QuerySample>& samples) override {
    if (channels_[0]->inlined())
      channels_[0]->Ask(samples);
    else
      batcher_.Push(samples);
  }

  void FlushQueries() override { batcher_.Flush(); }

  void Start() override {
    for (const auto& channel : channels_) channel->WaitReady();
  }

  void Stop() override {
    batcher_.Close();
    for (const auto& channel : channels_) channel->Stop();
  }

  Histogram Times() const override {
    Histogram total;
    for (const auto& channel : channels_) total.Merge(channel->times());
    return total;
  }

  mlperf::QuerySampleLibrary* Library() override { return &library_; }

 private:
  const std::string name_;
  Batcher batcher_;
  Channels channels_;
  RemoteLibrary library_;
};

}  // namespace

std::unique_ptr<Sut> MakeBridgeSut(const RunConfig& config, Report* report) {
  return std::make_unique<BridgeSut>(config, report);
}

}  // namespace franca
