#include "channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <numeric>
#include <stdexcept>
#include <utility>

namespace franca {
namespace {

// While a worker computes one batch the next one already waits in its socket. In Server the next one waits here
// instead, and grows.
constexpr size_t kInFlight = 2, kInFlightServer = 1;

}  // namespace

Channel::Channel(const RunConfig& config, size_t number, Batcher* batcher, Report* report)
    : fd_(config.worker_fds[number]),
      name_("worker " + std::to_string(number)),
      item_bytes_(config.item_bytes),
      whole_batches_(config.whole_batches),
      inline_(whole_batches_ && (config.scenario == "SingleStream" || config.scenario == "MultiStream")),
      max_batch_(config.max_batch),
      in_flight_(config.per_query ? kInFlightServer : kInFlight),
      batcher_(batcher),
      report_(report),
      answers_(report, config.item_bytes, config.per_query) {
  if (!inline_) receiver_ = std::thread([this] { ReceiveLoop(); });
}

Channel::~Channel() {
  Stop();
  close(fd_);
}

template <typename Condition>
void Channel::Until(Condition done) {
  if (inline_) {
    while (!done())
      if (!ReceiveOne()) Gone();
    return;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, done);
}

void Channel::WaitReady() {
  Until([this] { return ready_ || gone_; });
  if (gone_) throw std::runtime_error(name_ + " ended before it was ready");
  if (!inline_) sender_ = std::thread([this] { SendLoop(); });
}

void Channel::Ask(const std::vector<mlperf::QuerySample>& samples) {
  const auto now = Clock::now();
  for (size_t at = 0; at < samples.size();) {
    next_batch_.clear();
    for (; at < samples.size() && next_batch_.size() < max_batch_; ++at) {
      next_batch_.ids.push_back(samples[at].id);
      next_batch_.indices.push_back(static_cast<uint32_t>(samples[at].index));
    }
    next_batch_.issued.resize(next_batch_.size(), now);
    Give(&next_batch_);
    Until([this] { return open_.empty(); });
  }
}

void Channel::AskLoad(ToWorker kind, const std::vector<uint32_t>& indices) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ++loads_;
  }
  std::lock_guard<std::mutex> lock(send_mutex_);
  SendAll(fd_, {kind, static_cast<uint32_t>(indices.size()), kNoBatch, 0}, indices.data(),
          indices.size() * sizeof(uint32_t));
}

void Channel::WaitLoaded() {
  Until([this] { return loads_ == 0 || gone_; });
}

void Channel::SendFlush() {
  std::lock_guard<std::mutex> lock(send_mutex_);
  SendAll(fd_, {kFlush, 0, kNoBatch, 0}, nullptr, 0);
}

void Channel::Stop() {
  if (sender_.joinable()) sender_.join();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  {
    std::lock_guard<std::mutex> lock(send_mutex_);
    SendAll(fd_, {kStop, 0, kNoBatch, 0}, nullptr, 0);
  }
  shutdown(fd_, SHUT_RDWR);
  if (receiver_.joinable()) receiver_.join();
}

void Channel::SendLoop() {
  Batch batch;
  uint64_t flushes = 0;
  for (;;) {
    if (whole_batches_) {  // wait before taking, so that a late batch grows
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return open_.size() < in_flight_ || gone_; });
    }
    // A worker with a system of its own may hold samples back; the others never do.
    switch (batcher_->Take(&batch, whole_batches_ ? nullptr : &flushes)) {
      case Batcher::kBatchTaken:
        Give(&batch);
        break;
      case Batcher::kFlushed:
        SendFlush();
        break;
      case Batcher::kEnd:
        return;
    }
  }
}

bool Channel::Give(Batch* batch) {
  uint32_t number;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (gone_ || report_->failed()) {
      Answers(report_, item_bytes_, false).SendEmpty(batch->ids.data(), batch->size());
      return false;
    }
    number = next_number_++ & 0x7fffffff;
    Open& open = open_[number];
    open.batch = *batch;
    open.began = Clock::now();
    open.left = batch->size();
    if (!whole_batches_) open.answered.assign(batch->size(), false);
  }
  std::lock_guard<std::mutex> lock(send_mutex_);
  const Header header{kBatch, static_cast<uint32_t>(batch->size()), number, 0};
  // When this fails the worker is gone: the receiving thread sees it too, and answers for it.
  SendAll(fd_, header, batch->indices.data(), batch->size() * sizeof(uint32_t));
  return true;
}

void Channel::ReceiveLoop() {
  while (ReceiveOne()) {
  }
  Gone();
}

bool Channel::ReceiveOne() {
  Header header;
  return ReceiveAll(fd_, &header, sizeof(header)) && Handle(header);
}

// Give the worker its next batch from the receiving thread, so that the sending one need not wake up for it.
bool Channel::Refill() {
  return !inline_ && batcher_->TryTake(&next_batch_) && Give(&next_batch_);
}

bool Channel::Handle(const Header& header) {
  if (header.count > kMaxCount) {
    Wrong("sent a message about " + std::to_string(header.count) + " samples");
    return false;
  }
  switch (header.kind) {
    case kReady: {
      std::lock_guard<std::mutex> lock(mutex_);
      ready_ = true;
      changed_.notify_all();
      return true;
    }
    case kDone: {
      std::lock_guard<std::mutex> lock(mutex_);
      if (loads_ > 0) --loads_;
      changed_.notify_all();
      return true;
    }
    case kAnswer:
      return Answer(header);
    case kSome:
      return Some(header);
    case kFailed:
      return Failed(header);
  }
  Wrong("sent a message of unknown kind " + std::to_string(header.kind));
  return false;
}

bool Channel::Answer(const Header& header) {
  if (!ReadPayloads(header, 0)) return false;
  Open open;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = open_.find(header.batch);
    if (found == open_.end()) {
      Wrong("answered batch " + std::to_string(header.batch) + ", which is not open");
      return true;
    }
    open = std::move(found->second);
    open_.erase(found);
  }
  if (!Refill()) changed_.notify_all();
  if (header.count != open.batch.size() || !SizesFit(header)) {
    Wrong("gave " + std::to_string(header.count) + " answers of " + std::to_string(header.bytes) + " bytes to " +
          std::to_string(open.batch.size()) + " samples, expected " + std::to_string(item_bytes_) + " bytes each");
    EmptyOpen(&open);
    return true;
  }
  const uint32_t* sizes = sizes_.empty() ? nullptr : sizes_.data();
  answers_.Send(open.batch.ids.data(), open.batch.size(), body_.data(), sizes);
  answers_.KeepTimes(open.batch, open.began);
  return true;
}

bool Channel::Some(const Header& header) {
  if (!ReadPayloads(header, header.count)) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!SizesFit(header)) {
    Wrong("an answer has " + std::to_string(header.bytes) + " bytes, expected " + std::to_string(item_bytes_));
    EmptyAll();
    return true;
  }
  const char* payload = body_.data();
  for (size_t k = 0; k < tokens_.size(); ++k) {
    const uint32_t size = sizes_.empty() ? header.bytes : sizes_[k];
    AnswerOne(tokens_[k], payload, size);
    payload += size;
  }
  return true;
}

void Channel::AnswerOne(uint64_t token, const char* payload, uint32_t size) {
  const auto found = open_.find(static_cast<uint32_t>(token >> 32));
  const size_t position = token & 0xffffffff;
  if (found == open_.end() || position >= found->second.answered.size() || found->second.answered[position]) {
    Wrong("answered a sample twice, or one that was never asked");
    EmptyAll();
    return;
  }
  Open& open = found->second;
  open.answered[position] = true;
  answers_.Send(&open.batch.ids[position], 1, payload, &size);
  if (--open.left > 0) return;
  answers_.KeepTimes(open.batch, open.began);
  open_.erase(found);
}

bool Channel::Failed(const Header& header) {
  if (!Read(&body_, header.count)) return false;
  Wrong("failed: " + std::string(body_.data(), header.count));
  std::lock_guard<std::mutex> lock(mutex_);
  EmptyAll();
  changed_.notify_all();
  return true;
}

bool Channel::ReadPayloads(const Header& header, size_t tokens) {
  tokens_.resize(tokens);
  sizes_.resize(header.bytes == kOwnSizes ? header.count : 0);
  if (!ReceiveAll(fd_, tokens_.data(), tokens * sizeof(uint64_t))) return false;
  if (!ReceiveAll(fd_, sizes_.data(), sizes_.size() * sizeof(uint32_t))) return false;
  size_t bytes = size_t{header.count} * header.bytes;
  if (header.bytes == kOwnSizes) bytes = std::accumulate(sizes_.begin(), sizes_.end(), size_t{0});
  return Read(&body_, bytes);
}

bool Channel::SizesFit(const Header& header) const {
  return item_bytes_ > 0 ? header.bytes == item_bytes_ : header.bytes == kOwnSizes;
}

bool Channel::Read(std::vector<char>* into, size_t bytes) {
  if (bytes > kMaxMessage) {
    Wrong("sent a message of " + std::to_string(bytes) + " bytes");
    return false;
  }
  if (into->size() < bytes) into->resize(bytes);
  return ReceiveAll(fd_, into->data(), bytes);
}

void Channel::Wrong(const std::string& text) { report_->Fail("worker", name_ + " " + text); }

void Channel::EmptyBatch(uint32_t number) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  EmptyOpen(&found->second);
  open_.erase(found);
}

void Channel::EmptyOpen(Open* open) {
  std::vector<mlperf::ResponseId> left;
  for (size_t k = 0; k < open->batch.size(); ++k)
    if (open->answered.empty() || !open->answered[k]) left.push_back(open->batch.ids[k]);
  answers_.SendEmpty(left.data(), left.size());
}

void Channel::EmptyAll() {
  while (!open_.empty()) EmptyBatch(open_.begin()->first);
}

void Channel::Gone() {
  std::lock_guard<std::mutex> lock(mutex_);
  gone_ = true;
  if (!stopping_) report_->Fail("gone", name_ + " ended before the run did");
  EmptyAll();
  changed_.notify_all();
}

}  // namespace franca
