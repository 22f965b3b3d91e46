// A runtime inside this process: a batch of float32 rows in, a batch of float32 rows out.
#ifndef FRANCA_ENGINE_H_
#define FRANCA_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "run_config.h"

namespace franca {

class Engine {
 public:
  virtual ~Engine() = default;

  // Outputs of `count` samples. `*width` becomes the number of values of one sample; the answer stays valid until
  // the next call of the same object. Throws std::exception.
  virtual const float* Run(const float* rows, size_t count, size_t* width) = 0;
};

using EngineMaker = std::unique_ptr<Engine> (*)(const RunConfig& config);

}  // namespace franca

#endif
