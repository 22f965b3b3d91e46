#include "run_config.h"

#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace franca {
namespace {

template <typename T>
std::vector<T> Numbers(const std::string& text) {
  std::vector<T> found;
  std::istringstream words(text);
  T value;
  while (words >> value) found.push_back(value);
  if (!words.eof()) throw std::runtime_error("not a list of numbers: " + text);
  return found;
}

template <typename T>
T Number(const std::string& text) {
  const std::vector<T> found = Numbers<T>(text);
  if (found.size() != 1) throw std::runtime_error("not a number: " + text);
  return found[0];
}

using Setter = std::function<void(RunConfig&, const std::string&)>;

template <typename T>
Setter Text(T RunConfig::*field) {
  return [field](RunConfig& config, const std::string& text) { config.*field = text; };
}

template <typename T>
Setter One(T RunConfig::*field) {
  return [field](RunConfig& config, const std::string& text) { config.*field = Number<T>(text); };
}

template <typename T>
Setter Many(std::vector<T> RunConfig::*field) {
  return [field](RunConfig& config, const std::string& text) { config.*field = Numbers<T>(text); };
}

const std::map<std::string, Setter>& Setters() {
  static const std::map<std::string, Setter> setters = {
      {"engine", Text(&RunConfig::engine)},
      {"scenario", Text(&RunConfig::scenario)},
      {"mode", Text(&RunConfig::mode)},
      {"model_key", Text(&RunConfig::model_key)},
      {"user_conf", Text(&RunConfig::user_conf)},
      {"audit_conf", Text(&RunConfig::audit_conf)},
      {"outdir", Text(&RunConfig::outdir)},
      {"sut_name", Text(&RunConfig::sut_name)},
      {"library", Text(&RunConfig::library)},
      {"model", Text(&RunConfig::model)},
      {"output", Text(&RunConfig::output)},
      {"rows", Text(&RunConfig::rows)},
      {"payload", Text(&RunConfig::payload)},
      {"coalesce", One(&RunConfig::coalesce)},
      {"per_query", One(&RunConfig::per_query)},
      {"sample_count", One(&RunConfig::sample_count)},
      {"performance_count", One(&RunConfig::performance_count)},
      {"max_batch", One(&RunConfig::max_batch)},
      {"batch_timeout_us", One(&RunConfig::batch_timeout_us)},
      {"workers", One(&RunConfig::workers)},
      {"item_bytes", One(&RunConfig::item_bytes)},
      {"report_fd", One(&RunConfig::report_fd)},
      {"whole_batches", One(&RunConfig::whole_batches)},
      {"threads", One(&RunConfig::threads)},
      {"seeds", Many(&RunConfig::seeds)},
      {"worker_fds", Many(&RunConfig::worker_fds)},
      {"row_shape", Many(&RunConfig::row_shape)},
  };
  return setters;
}

void Check(const RunConfig& config) {
  if (config.sample_count == 0 || config.performance_count == 0) throw std::runtime_error("no samples");
  if (config.max_batch == 0) throw std::runtime_error("max_batch is 0");
  if (!config.seeds.empty() && config.seeds.size() != 3) throw std::runtime_error("expected three seeds");
}

}  // namespace

RunConfig ReadRunConfig(const std::string& path) {
  std::ifstream source(path);
  if (!source) throw std::runtime_error("cannot read " + path);
  RunConfig config;
  std::string line;
  while (std::getline(source, line)) {
    const size_t blank = line.find(' ');
    const std::string key = line.substr(0, blank);
    const auto setter = Setters().find(key);
    if (setter == Setters().end()) throw std::runtime_error("unknown key: " + line);
    setter->second(config, blank == std::string::npos ? "" : line.substr(blank + 1));
  }
  Check(config);
  return config;
}

}  // namespace franca
