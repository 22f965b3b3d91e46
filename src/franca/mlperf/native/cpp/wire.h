// Messages between this program and a Python worker, over a Unix socket on one machine.
// franca/mlperf/native/wire.py holds the same table.
#ifndef FRANCA_WIRE_H_
#define FRANCA_WIRE_H_

#include <cstddef>
#include <cstdint>

namespace franca {

// Every message begins with this, in the byte order of the machine.
struct Header {
  uint32_t kind;
  uint32_t count;  // samples; for kFailed the bytes of the text
  uint32_t batch;  // number of the batch, kNoBatch where there is none
  uint32_t bytes;  // of one sample's payload
};
static_assert(sizeof(Header) == 16, "the header is sent as it lies in memory");

constexpr uint32_t kNoBatch = 0xffffffff;
constexpr uint32_t kOwnSizes = 0xffffffff;  // in `bytes`: `count` sizes of 32 bits go before the payloads

// To the worker; kLoad, kUnload and kBatch are followed by `count` sample indices of 32 bits.
enum ToWorker : uint32_t { kLoad = 1, kUnload = 2, kBatch = 3, kFlush = 4, kStop = 5 };

// From the worker. kReady: may be asked. kDone: loaded or unloaded. kAnswer: the payloads of a whole batch, in order.
// kSome: `count` tokens of 64 bits (batch << 32 | position), then their payloads. kFailed: a text; all open batches of this worker are answered
// by nothing.
enum FromWorker : uint32_t { kReady = 11, kDone = 12, kAnswer = 13, kSome = 14, kFailed = 15 };

constexpr uint32_t kMaxCount = 1u << 26;
constexpr size_t kMaxMessage = size_t{1} << 31;

bool SendAll(int fd, const Header& header, const void* body, size_t bytes);
bool ReceiveAll(int fd, void* into, size_t bytes);

}  // namespace franca

#endif
