#include "row_library.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

namespace franca {

RowLibrary::RowLibrary(const RunConfig& config)
    : total_(config.sample_count), performance_(config.performance_count), width_(1), rows_(config.sample_count) {
  for (int64_t size : config.row_shape) {
    if (size <= 0) throw std::runtime_error("a sample has an empty shape");
    width_ *= static_cast<size_t>(size);
  }
  fd_ = open(config.rows.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat found {};
  if (fd_ < 0 || fstat(fd_, &found) != 0) throw std::runtime_error("cannot read " + config.rows);
  const size_t expected = total_ * width_ * sizeof(float);
  if (static_cast<size_t>(found.st_size) != expected) {
    close(fd_);
    throw std::runtime_error(config.rows + " has " + std::to_string(found.st_size) + " bytes, expected " +
                             std::to_string(expected));
  }
}

RowLibrary::~RowLibrary() { close(fd_); }

void RowLibrary::LoadSamplesToRam(const std::vector<mlperf::QuerySampleIndex>& samples) {
  for (mlperf::QuerySampleIndex index : samples) {
    std::vector<float>& row = rows_.at(index);
    row.resize(width_);
    const ssize_t bytes = static_cast<ssize_t>(width_ * sizeof(float));
    // A row that cannot be read stays empty; whoever asks for it gets the error.
    if (pread(fd_, row.data(), bytes, static_cast<off_t>(index) * bytes) != bytes) row.clear();
  }
}

void RowLibrary::UnloadSamplesFromRam(const std::vector<mlperf::QuerySampleIndex>& samples) {
  for (mlperf::QuerySampleIndex index : samples) std::vector<float>().swap(rows_.at(index));
}

const float* RowLibrary::Row(uint32_t index) const {
  const std::vector<float>& row = rows_.at(index);
  if (row.empty()) throw std::runtime_error("sample " + std::to_string(index) + " is not loaded");
  return row.data();
}

}  // namespace franca
