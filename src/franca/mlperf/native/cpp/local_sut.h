// A system under test over an engine in this process: inline for the streams, worker threads for the others.
#ifndef FRANCA_LOCAL_SUT_H_
#define FRANCA_LOCAL_SUT_H_

#include <memory>

#include "engine.h"
#include "sut.h"

namespace franca {

std::unique_ptr<Sut> MakeLocalSut(const RunConfig& config, Report* report, EngineMaker maker);

}  // namespace franca

#endif
