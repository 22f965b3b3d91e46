// ONNX Runtime through its C interface. The library is opened when the run begins, so the program is built without it.
#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "local_sut.h"
#include "onnxruntime_api.h"

namespace franca {
namespace {

const OrtApi* api = nullptr;  // of the one library of this process

const OrtApi& Api() { return *api; }

// Open the library, and return its version. It stays open until the end of the process.
std::string OpenLibrary(const std::string& path) {
  if (path.empty()) throw std::runtime_error("no library of ONNX Runtime is named");
  void* const opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) throw std::runtime_error(std::string("ONNX Runtime cannot be opened: ") + dlerror());
  const auto entry = reinterpret_cast<const OrtApiBase* (*)()>(dlsym(opened, kOrtEntryPoint));
  if (entry == nullptr) throw std::runtime_error(path + " is not ONNX Runtime: it has no " + kOrtEntryPoint);
  const std::string version = entry()->GetVersionString();
  api = entry()->GetApi(kOrtTable);
  if (api == nullptr || version.rfind("1.", 0) != 0)
    throw std::runtime_error(path + " is ONNX Runtime " + version + ", expected a release of version 1");
  return version;
}

void Check(OrtStatus* status) {
  if (status == nullptr) return;
  const std::string text = Api().GetErrorMessage(status);
  Api().ReleaseStatus(status);
  throw std::runtime_error("ONNX Runtime: " + text);
}

// Frees what the library made.
template <typename T>
struct Owned {
  T* held = nullptr;
  void (*release)(T*);
  explicit Owned(void (*how)(T*)) : release(how) {}
  Owned(const Owned&) = delete;
  ~Owned() { Clear(); }
  T** Fresh() {
    Clear();
    return &held;
  }
  void Clear() {
    if (held) release(held);
    held = nullptr;
  }
};

OrtEnv* Environment() {
  static OrtEnv* environment = [] {
    OrtEnv* made = nullptr;
    Check(Api().CreateEnv(ORT_LOGGING_LEVEL_ERROR, "franca", &made));
    return made;
  }();
  return environment;
}

class OnnxRuntimeEngine : public Engine {
 public:
  explicit OnnxRuntimeEngine(const RunConfig& config)
      : session_(Api().ReleaseSession),
        memory_(Api().ReleaseMemoryInfo),
        output_(Api().ReleaseValue),
        shape_(config.row_shape) {
    Owned<OrtSessionOptions> options(Api().ReleaseSessionOptions);
    Check(Api().CreateSessionOptions(options.Fresh()));
    Check(Api().SetIntraOpNumThreads(options.held, config.threads));
    Check(Api().SetInterOpNumThreads(options.held, 1));
    Check(Api().CreateSession(Environment(), config.model.c_str(), options.held, session_.Fresh()));
    Check(Api().CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, memory_.Fresh()));
    ReadNames(config.output);
    shape_.insert(shape_.begin(), 0);
  }

  const float* Run(const float* rows, size_t count, size_t* width) override {
    shape_[0] = static_cast<int64_t>(count);
    size_t values = 1;
    for (int64_t size : shape_) values *= static_cast<size_t>(size);
    Owned<OrtValue> input(Api().ReleaseValue);
    Check(Api().CreateTensorWithDataAsOrtValue(memory_.held, const_cast<float*>(rows), values * sizeof(float),
                                               shape_.data(), shape_.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
                                               input.Fresh()));
    const char* inputs[] = {input_name_.c_str()};
    const char* outputs[] = {output_name_.c_str()};
    const OrtValue* values_in[] = {input.held};
    Check(Api().Run(session_.held, nullptr, inputs, values_in, 1, outputs, 1, output_.Fresh()));
    *width = Width(count);
    float* found = nullptr;
    Check(Api().GetTensorMutableData(output_.held, reinterpret_cast<void**>(&found)));
    return found;
  }

 private:
  void ReadNames(const std::string& wanted) {
    size_t inputs = 0;
    Check(Api().SessionGetInputCount(session_.held, &inputs));
    if (inputs != 1) throw std::runtime_error("the model has " + std::to_string(inputs) + " inputs, expected one");
    OrtAllocator* allocator = nullptr;
    Check(Api().GetAllocatorWithDefaultOptions(&allocator));
    char* name = nullptr;
    Check(Api().SessionGetInputName(session_.held, 0, allocator, &name));
    input_name_ = name;
    Check(Api().AllocatorFree(allocator, name));
    Check(Api().SessionGetOutputName(session_.held, 0, allocator, &name));
    output_name_ = wanted.empty() ? name : wanted;
    Check(Api().AllocatorFree(allocator, name));
  }

  // Values of one sample in the output, which must be float32 with the batch first.
  size_t Width(size_t count) {
    Owned<OrtTensorTypeAndShapeInfo> info(Api().ReleaseTensorTypeAndShapeInfo);
    Check(Api().GetTensorTypeAndShape(output_.held, info.Fresh()));
    ONNXTensorElementDataType type;
    Check(Api().GetTensorElementType(info.held, &type));
    if (type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) throw std::runtime_error("the model's output is not float32");
    size_t rank = 0, total = 0;
    Check(Api().GetDimensionsCount(info.held, &rank));
    std::vector<int64_t> sizes(rank);
    Check(Api().GetDimensions(info.held, sizes.data(), rank));
    Check(Api().GetTensorShapeElementCount(info.held, &total));
    if (rank == 0 || sizes[0] != static_cast<int64_t>(count) || total == 0)
      throw std::runtime_error("the model did not answer " + std::to_string(count) + " samples");
    return total / count;
  }

  Owned<OrtSession> session_;
  Owned<OrtMemoryInfo> memory_;
  Owned<OrtValue> output_;
  std::vector<int64_t> shape_;
  std::string input_name_, output_name_;
};

std::unique_ptr<Engine> MakeEngine(const RunConfig& config) { return std::make_unique<OnnxRuntimeEngine>(config); }

}  // namespace

std::unique_ptr<Sut> MakeOnnxRuntimeSut(const RunConfig& config, Report* report) {
  report->Say("runtime", OpenLibrary(config.library));
  return MakeLocalSut(config, report, MakeEngine);
}

}  // namespace franca
