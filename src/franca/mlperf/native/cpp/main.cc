// franca-loadgen CONFIG: one LoadGen test over one engine. Started by Franca, which writes CONFIG.
//
// Standard input is the other end of a pipe that the supervisor holds: when it closes, so do we. What happens is
// told on the descriptor `report_fd`, a line each: "failure WHERE TEXT", "runtime VERSION" by engines that have one,
// "began UNIX_SECONDS", and at the end "histogram ..." and "done SECONDS EMPTY_RESPONSES PEAK_BYTES".
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "loadgen.h"
#include "report.h"
#include "run_config.h"
#include "sut.h"
#include "test_settings.h"

namespace franca {
namespace {

constexpr int kSetupFailed = 65;
constexpr int kOrphaned = 66;

using Maker = std::function<std::unique_ptr<Sut>(const RunConfig&, Report*)>;

const std::map<std::string, Maker>& Makers() {
  static const std::map<std::string, Maker> makers = {
      {"null", MakeNullSut},
      {"bridge", MakeBridgeSut},
      {"onnxruntime", MakeOnnxRuntimeSut},
#ifdef FRANCA_WITH_LIBTORCH
      {"libtorch", MakeLibTorchSut},
#endif
  };
  return makers;
}

void EndWithSupervisor() {
  std::thread([] {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(kOrphaned);
  }).detach();
}

template <typename T>
T Named(const std::map<std::string, T>& known, const std::string& name, const char* what) {
  const auto found = known.find(name);
  if (found == known.end()) throw std::runtime_error(std::string("no ") + what + " is called " + name);
  return found->second;
}

mlperf::TestSettings Settings(const RunConfig& config) {
  static const std::map<std::string, mlperf::TestScenario> scenarios = {
      {"SingleStream", mlperf::TestScenario::SingleStream},
      {"MultiStream", mlperf::TestScenario::MultiStream},
      {"Server", mlperf::TestScenario::Server},
      {"Offline", mlperf::TestScenario::Offline}};
  static const std::map<std::string, mlperf::TestMode> modes = {{"AccuracyOnly", mlperf::TestMode::AccuracyOnly},
                                                                {"PerformanceOnly", mlperf::TestMode::PerformanceOnly}};
  mlperf::TestSettings settings;
  const int status = settings.FromConfig(config.user_conf, config.model_key, config.scenario, 1);
  if (status != 0)
    throw std::runtime_error("LoadGen refused " + config.user_conf + " (status " + std::to_string(status) + ")");
  settings.scenario = Named(scenarios, config.scenario, "scenario");
  settings.mode = Named(modes, config.mode, "mode");
  settings.token_latency_scaling_factor = 1;  // LoadGen leaves it uninitialised
  if (config.coalesce) settings.server_coalesce_queries = true;
  if (!config.seeds.empty()) {
    settings.qsl_rng_seed = config.seeds[0];
    settings.sample_index_rng_seed = config.seeds[1];
    settings.schedule_rng_seed = config.seeds[2];
  }
  return settings;
}

mlperf::LogSettings Logs(const RunConfig& config) {
  mlperf::LogSettings settings;
  settings.enable_trace = false;  // on by default, and costs a third of the issue rate
  settings.log_output.outdir = config.outdir;
  return settings;
}

// On Linux getrusage counts what the process that started this one had used before; VmHWM does not.
size_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (size_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<size_t>(usage.ru_maxrss);
#else
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
#endif
}

double UnixSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void Run(const RunConfig& config, Report* report) {
  const std::unique_ptr<Sut> sut = Named(Makers(), config.engine, "engine of this program")(config, report);
  const mlperf::TestSettings settings = Settings(config);
  sut->Start();
  report->Say("began", std::to_string(UnixSeconds()));
  const auto began = std::chrono::steady_clock::now();
  mlperf::StartTest(sut.get(), sut->Library(), settings, Logs(config), config.audit_conf);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  sut->Stop();
  report->Say("histogram", sut->Times().ToText());
  report->Say("done", std::to_string(took.count()) + "\t" + std::to_string(report->empty()) + "\t" +
                          std::to_string(PeakBytes()));
}

int Main(const char* path) {
  RunConfig config;
  try {
    config = ReadRunConfig(path);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", path, error.what());
    return kSetupFailed;
  }
  Report report(config.report_fd);
  try {
    Run(config, &report);
  } catch (const std::exception& error) {
    report.Fail("setup", error.what());
    return kSetupFailed;
  }
  return 0;
}

}  // namespace
}  // namespace franca

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: franca-loadgen CONFIG\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  franca::EndWithSupervisor();
  const int status = franca::Main(argv[1]);
  fflush(nullptr);
  _exit(status);  // engines' own threads may crash an orderly exit
}
