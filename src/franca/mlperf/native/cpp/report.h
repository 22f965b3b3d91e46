// Tells the supervisor what happens, one line each, and remembers the first failure. Safe from any thread.
#ifndef FRANCA_REPORT_H_
#define FRANCA_REPORT_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

namespace franca {

class Report {
 public:
  explicit Report(int fd) : fd_(fd) {}

  // Something went wrong in `where`; the run goes on with empty answers, and its result does not count.
  void Fail(const std::string& where, const std::string& text);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  void CountEmpty(size_t samples) { empty_ += samples; }
  size_t empty() const { return empty_; }

  // One line: words parted by tabs. Newlines and tabs inside a word become blanks.
  void Say(const std::string& kind, const std::string& rest);

 private:
  const int fd_;
  std::mutex mutex_;
  std::atomic<bool> failed_{false};
  std::atomic<size_t> empty_{0};
};

}  // namespace franca

#endif
