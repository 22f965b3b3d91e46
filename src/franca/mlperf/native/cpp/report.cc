#include "report.h"

#include <unistd.h>

#include <cerrno>

namespace franca {
namespace {

std::string Plain(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  return text;
}

}  // namespace

void Report::Fail(const std::string& where, const std::string& text) {
  if (!failed_.exchange(true)) Say("failure", Plain(where) + "\t" + Plain(text));
}

void Report::Say(const std::string& kind, const std::string& rest) {
  const std::string line = kind + "\t" + rest + "\n";
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t at = 0; at < line.size();) {
    const ssize_t wrote = write(fd_, line.data() + at, line.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // nobody listens any more
    at += static_cast<size_t>(wrote);
  }
}

}  // namespace franca
