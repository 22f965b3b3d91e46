// LibTorch: a TorchScript module on the CPU.
#include <ATen/Parallel.h>
#include <torch/version.h>
#include <torch/script.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "local_sut.h"

namespace franca {
namespace {

class LibTorchEngine : public Engine {
 public:
  explicit LibTorchEngine(const RunConfig& config) : shape_(config.row_shape) {
    if (config.threads > 0) at::set_num_threads(config.threads);
    module_ = torch::jit::load(config.model, torch::kCPU);
    module_.eval();
    shape_.insert(shape_.begin(), 0);
  }

  const float* Run(const float* rows, size_t count, size_t* width) override {
    const c10::InferenceMode guard;
    shape_[0] = static_cast<int64_t>(count);
    const at::Tensor input = torch::from_blob(const_cast<float*>(rows), shape_, torch::kFloat32);
    output_ = First(module_.forward({input})).contiguous();
    if (output_.scalar_type() != torch::kFloat32) throw std::runtime_error("the model's output is not float32");
    if (output_.dim() == 0 || output_.size(0) != shape_[0] || output_.numel() == 0)
      throw std::runtime_error("the model did not answer " + std::to_string(count) + " samples");
    *width = static_cast<size_t>(output_.numel()) / count;
    return output_.data_ptr<float>();
  }

 private:
  static at::Tensor First(const c10::IValue& value) {
    return value.isTuple() ? value.toTuple()->elements().at(0).toTensor() : value.toTensor();
  }

  torch::jit::Module module_;
  std::vector<int64_t> shape_;
  at::Tensor output_;
};

std::unique_ptr<Engine> MakeEngine(const RunConfig& config) { return std::make_unique<LibTorchEngine>(config); }

}  // namespace

std::unique_ptr<Sut> MakeLibTorchSut(const RunConfig& config, Report* report) {
  report->Say("runtime", TORCH_VERSION);
  return MakeLocalSut(config, report, MakeEngine);
}

}  // namespace franca
