// One Python worker: sends it batches, completes what it answers, and believes nothing it says unchecked.
#ifndef FRANCA_CHANNEL_H_
#define FRANCA_CHANNEL_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "answers.h"
#include "batcher.h"
#include "report.h"
#include "run_config.h"
#include "wire.h"

namespace franca {

class Channel {
 public:
  Channel(const RunConfig& config, size_t number, Batcher* batcher, Report* report);
  ~Channel();

  void WaitReady();  // throws std::runtime_error when the worker ends instead
  // Streams: answer a query in the calling thread. Threads would only pass it on, at 10 microseconds a hop and more.
  void Ask(const std::vector<mlperf::QuerySample>& samples);
  bool inlined() const { return inline_; }
  // Ask for loading or unloading; two calls, so that all workers do it at once.
  void AskLoad(ToWorker kind, const std::vector<uint32_t>& indices);
  void WaitLoaded();
  void Stop();
  const Histogram& times() const { return answers_.times(); }

 private:
  struct Open {
    Batch batch;
    Clock::time_point began;
    std::vector<bool> answered;  // empty unless answers come one by one
    size_t left;
  };

  // Wait until `done`, hearing the worker in this thread where no other does.
  template <typename Condition>
  void Until(Condition done);
  void SendLoop();
  void ReceiveLoop();
  bool ReceiveOne();  // false: the worker is gone, or cannot be understood any more
  bool Refill();
  bool Handle(const Header& header);  // false: the worker cannot be understood any more
  bool Answer(const Header& header);
  bool Some(const Header& header);
  void AnswerOne(uint64_t token, const char* payload, uint32_t size);
  bool Failed(const Header& header);
  void SendFlush();
  bool Give(Batch* batch);  // false: it was answered by nothing, for the run has failed
  // What comes after the header of kAnswer and kSome; false when the worker cannot be understood any more.
  bool ReadPayloads(const Header& header, size_t tokens);
  bool SizesFit(const Header& header) const;
  bool Read(std::vector<char>* into, size_t bytes);
  void Wrong(const std::string& text);
  void EmptyBatch(uint32_t number);
  void EmptyOpen(Open* open);
  void EmptyAll();
  void Gone();

  const int fd_;
  const std::string name_;
  const size_t item_bytes_;
  const bool whole_batches_;
  const bool inline_;
  const size_t max_batch_, in_flight_;
  Batcher* const batcher_;
  Report* const report_;
  Answers answers_;  // used by the receiving thread, and under `mutex_` once that has ended
  std::vector<uint64_t> tokens_;
  std::vector<uint32_t> sizes_;  // empty when all are of `item_bytes_`
  std::vector<char> body_;
  Batch next_batch_;  // of the receiving thread, or of the one that asks

  std::mutex mutex_;
  std::mutex send_mutex_;
  std::condition_variable changed_;
  std::map<uint32_t, Open> open_;
  uint32_t next_number_ = 0;
  size_t loads_ = 0;  // asked for and not done
  bool ready_ = false;
  bool stopping_ = false;
  bool gone_ = false;
  std::thread sender_, receiver_;
};

}  // namespace franca

#endif
