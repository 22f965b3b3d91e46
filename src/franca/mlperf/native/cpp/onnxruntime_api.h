// ONNX Runtime's C interface: the real header where the compiler finds one, else what we need of it.
//
// The library hands out a table of functions. Its order is fixed: new entries only ever go to the end, and a library
// of version 1.N knows the tables of versions 1 to N. All that is declared here is in the first of them, so any
// release of ONNX Runtime 1 will do. The assertions below say at which place each entry stands; they are checked
// against the real header wherever that is present (so far those of API versions 14, 17 and 29).
#ifndef FRANCA_ONNXRUNTIME_API_H_
#define FRANCA_ONNXRUNTIME_API_H_

#include <cstddef>
#include <cstdint>

#if __has_include(<onnxruntime_c_api.h>)
#include <onnxruntime_c_api.h>
#else

struct OrtStatus;
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtRunOptions;
struct OrtMemoryInfo;
struct OrtValue;
struct OrtTensorTypeAndShapeInfo;
struct OrtAllocator;

enum OrtLoggingLevel { ORT_LOGGING_LEVEL_ERROR = 3 };
enum OrtAllocatorType { OrtArenaAllocator = 1 };
enum OrtMemType { OrtMemTypeDefault = 0 };
enum ONNXTensorElementDataType { ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1 };

// A name for each entry that is called; the ones between them are only counted.
struct OrtApi {
  using Unused = void (*)();

  Unused unused_0[2];
  const char* (*GetErrorMessage)(const OrtStatus* status);
  OrtStatus* (*CreateEnv)(OrtLoggingLevel level, const char* name, OrtEnv** out);
  Unused unused_4[3];
  OrtStatus* (*CreateSession)(const OrtEnv* env, const char* path, const OrtSessionOptions* options, OrtSession** out);
  Unused unused_8[1];
  OrtStatus* (*Run)(OrtSession* session, const OrtRunOptions* options, const char* const* input_names,
                    const OrtValue* const* inputs, size_t input_count, const char* const* output_names,
                    size_t output_count, OrtValue** outputs);
  OrtStatus* (*CreateSessionOptions)(OrtSessionOptions** out);
  Unused unused_11[13];
  OrtStatus* (*SetIntraOpNumThreads)(OrtSessionOptions* options, int threads);
  OrtStatus* (*SetInterOpNumThreads)(OrtSessionOptions* options, int threads);
  Unused unused_26[4];
  OrtStatus* (*SessionGetInputCount)(const OrtSession* session, size_t* out);
  Unused unused_31[5];
  OrtStatus* (*SessionGetInputName)(const OrtSession* session, size_t index, OrtAllocator* allocator, char** out);
  OrtStatus* (*SessionGetOutputName)(const OrtSession* session, size_t index, OrtAllocator* allocator, char** out);
  Unused unused_38[11];
  OrtStatus* (*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo* memory, void* data, size_t bytes,
                                               const int64_t* shape, size_t rank, ONNXTensorElementDataType type,
                                               OrtValue** out);
  Unused unused_50[1];
  OrtStatus* (*GetTensorMutableData)(OrtValue* value, void** out);
  Unused unused_52[8];
  OrtStatus* (*GetTensorElementType)(const OrtTensorTypeAndShapeInfo* info, ONNXTensorElementDataType* out);
  OrtStatus* (*GetDimensionsCount)(const OrtTensorTypeAndShapeInfo* info, size_t* out);
  OrtStatus* (*GetDimensions)(const OrtTensorTypeAndShapeInfo* info, int64_t* sizes, size_t rank);
  Unused unused_63[1];
  OrtStatus* (*GetTensorShapeElementCount)(const OrtTensorTypeAndShapeInfo* info, size_t* out);
  OrtStatus* (*GetTensorTypeAndShape)(const OrtValue* value, OrtTensorTypeAndShapeInfo** out);
  Unused unused_66[3];
  OrtStatus* (*CreateCpuMemoryInfo)(OrtAllocatorType allocator, OrtMemType memory, OrtMemoryInfo** out);
  Unused unused_70[6];
  OrtStatus* (*AllocatorFree)(OrtAllocator* allocator, void* memory);
  Unused unused_77[1];
  OrtStatus* (*GetAllocatorWithDefaultOptions)(OrtAllocator** out);
  Unused unused_79[14];
  void (*ReleaseStatus)(OrtStatus* status);
  void (*ReleaseMemoryInfo)(OrtMemoryInfo* memory);
  void (*ReleaseSession)(OrtSession* session);
  void (*ReleaseValue)(OrtValue* value);
  Unused unused_97[2];
  void (*ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo* info);
  void (*ReleaseSessionOptions)(OrtSessionOptions* options);
};

struct OrtApiBase {
  const OrtApi* (*GetApi)(uint32_t version);  // nullptr when this library has no such table
  const char* (*GetVersionString)();
};

#endif

namespace franca {

constexpr uint32_t kOrtTable = 1;
constexpr const char* kOrtEntryPoint = "OrtGetApiBase";

#define FRANCA_ORT_PLACE(entry, place) \
  static_assert(offsetof(OrtApi, entry) == (place) * sizeof(void (*)()), #entry " is at another place")
FRANCA_ORT_PLACE(GetErrorMessage, 2);
FRANCA_ORT_PLACE(CreateEnv, 3);
FRANCA_ORT_PLACE(CreateSession, 7);
FRANCA_ORT_PLACE(Run, 9);
FRANCA_ORT_PLACE(CreateSessionOptions, 10);
FRANCA_ORT_PLACE(SetIntraOpNumThreads, 24);
FRANCA_ORT_PLACE(SetInterOpNumThreads, 25);
FRANCA_ORT_PLACE(SessionGetInputCount, 30);
FRANCA_ORT_PLACE(SessionGetInputName, 36);
FRANCA_ORT_PLACE(SessionGetOutputName, 37);
FRANCA_ORT_PLACE(CreateTensorWithDataAsOrtValue, 49);
FRANCA_ORT_PLACE(GetTensorMutableData, 51);
FRANCA_ORT_PLACE(GetTensorElementType, 60);
FRANCA_ORT_PLACE(GetDimensionsCount, 61);
FRANCA_ORT_PLACE(GetDimensions, 62);
FRANCA_ORT_PLACE(GetTensorShapeElementCount, 64);
FRANCA_ORT_PLACE(GetTensorTypeAndShape, 65);
FRANCA_ORT_PLACE(CreateCpuMemoryInfo, 69);
FRANCA_ORT_PLACE(AllocatorFree, 76);
FRANCA_ORT_PLACE(GetAllocatorWithDefaultOptions, 78);
FRANCA_ORT_PLACE(ReleaseStatus, 93);
FRANCA_ORT_PLACE(ReleaseMemoryInfo, 94);
FRANCA_ORT_PLACE(ReleaseSession, 95);
FRANCA_ORT_PLACE(ReleaseValue, 96);
FRANCA_ORT_PLACE(ReleaseTensorTypeAndShapeInfo, 99);
FRANCA_ORT_PLACE(ReleaseSessionOptions, 100);
#undef FRANCA_ORT_PLACE

}  // namespace franca

#endif
