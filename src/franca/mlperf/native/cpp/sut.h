// A system under test together with its sample library: what the main program needs of each engine.
#ifndef FRANCA_SUT_H_
#define FRANCA_SUT_H_

#include <memory>

#include "histogram.h"
#include "query_sample_library.h"
#include "report.h"
#include "run_config.h"
#include "system_under_test.h"

namespace franca {

class Sut : public mlperf::SystemUnderTest {
 public:
  // Ready for the first query when this returns; throws std::runtime_error when it cannot be.
  virtual void Start() = 0;
  virtual void Stop() = 0;
  virtual Histogram Times() const = 0;
  virtual mlperf::QuerySampleLibrary* Library() = 0;
};

// The engines; whether the last one exists is decided when the program is built.
std::unique_ptr<Sut> MakeNullSut(const RunConfig& config, Report* report);
std::unique_ptr<Sut> MakeBridgeSut(const RunConfig& config, Report* report);
std::unique_ptr<Sut> MakeOnnxRuntimeSut(const RunConfig& config, Report* report);
std::unique_ptr<Sut> MakeLibTorchSut(const RunConfig& config, Report* report);

}  // namespace franca

#endif
