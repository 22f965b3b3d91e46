// Samples of one shape, pre-processed by Franca into a file of float32 rows; those that are loaded lie in memory.
#ifndef FRANCA_ROW_LIBRARY_H_
#define FRANCA_ROW_LIBRARY_H_

#include <string>
#include <vector>

#include "query_sample_library.h"
#include "run_config.h"

namespace franca {

class RowLibrary : public mlperf::QuerySampleLibrary {
 public:
  explicit RowLibrary(const RunConfig& config);
  ~RowLibrary() override;

  const std::string& Name() override { return name_; }
  size_t TotalSampleCount() override { return total_; }
  size_t PerformanceSampleCount() override { return performance_; }
  void LoadSamplesToRam(const std::vector<mlperf::QuerySampleIndex>& samples) override;
  void UnloadSamplesFromRam(const std::vector<mlperf::QuerySampleIndex>& samples) override;

  size_t width() const { return width_; }
  // Values of one loaded sample; throws std::runtime_error when it is not loaded.
  const float* Row(uint32_t index) const;

 private:
  const std::string name_ = "FrancaRows";
  const size_t total_, performance_;
  size_t width_;
  int fd_;
  std::vector<std::vector<float>> rows_;  // empty = not loaded
};

}  // namespace franca

#endif
