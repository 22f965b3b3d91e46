// What one run is: read from a file of "key value" lines that Franca writes. Unknown keys are refused.
#ifndef FRANCA_RUN_CONFIG_H_
#define FRANCA_RUN_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace franca {

struct RunConfig {
  std::string engine;  // null, bridge, onnxruntime, libtorch
  std::string scenario;
  std::string mode;
  std::string model_key = "*";
  std::string user_conf;
  std::string audit_conf;  // a path that does not exist when no audit is wanted
  std::string outdir;
  std::string sut_name = "Franca";
  std::vector<uint64_t> seeds;  // qsl, sample index, schedule; empty = those of LoadGen
  bool coalesce = false;
  bool per_query = false;  // histogram of queries (Server) instead of batches
  size_t sample_count = 0;
  size_t performance_count = 0;
  size_t max_batch = 1;
  int64_t batch_timeout_us = 0;
  size_t workers = 1;
  size_t item_bytes = 0;  // one sample's payload; 0 = each has its own size
  int report_fd = -1;
  std::vector<int> worker_fds;  // bridge: one connected socket for each worker
  bool whole_batches = true;    // bridge: a worker answers each batch at once and in order
  // Engines in this process:
  std::string library;              // onnxruntime: the library's file
  std::string model;
  std::string output;               // of the model; "" = the first
  std::string rows;                 // file with sample_count rows of float32, one sample after the other
  std::vector<int64_t> row_shape;   // of one sample
  std::string payload = "argmax";   // argmax: int64 class; first: float32
  int threads = 1;                  // 0 = the runtime's own choice
};

// Throws std::runtime_error with the line when the file is wrong.
RunConfig ReadRunConfig(const std::string& path);

}  // namespace franca

#endif
