#include "wire.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace franca {

bool SendAll(int fd, const Header& header, const void* body, size_t bytes) {
  iovec parts[2] = {{const_cast<Header*>(&header), sizeof(header)}, {const_cast<void*>(body), bytes}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  size_t left = sizeof(header) + bytes;
  while (left > 0) {
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    left -= static_cast<size_t>(sent);
    size_t gone = static_cast<size_t>(sent);
    for (iovec& part : parts) {
      const size_t some = gone < part.iov_len ? gone : part.iov_len;
      part.iov_base = static_cast<char*>(part.iov_base) + some;
      part.iov_len -= some;
      gone -= some;
    }
  }
  return true;
}

bool ReceiveAll(int fd, void* into, size_t bytes) {
  char* at = static_cast<char*>(into);
  while (bytes > 0) {
    const ssize_t got = recv(fd, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace franca
