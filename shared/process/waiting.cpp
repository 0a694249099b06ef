#include "shared/process/waiting.hpp"

#include <poll.h>

#include <cerrno>

namespace revecho {

bool wait_for_retry(int descriptor, direction what) noexcept {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd waiting{descriptor, static_cast<short>(what == direction::reading ? POLLIN : POLLOUT), 0};
  return ::poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

} // namespace revecho
