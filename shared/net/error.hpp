// Errors of socket calls: the last one, and the two that every engine has to recognize. Knows no sockets.
#pragma once

#include <cerrno>
#include <system_error>

namespace revecho {

/// Of the system call that has just failed in this thread.
inline std::error_code last_error() noexcept { return {errno, std::system_category()}; }

/// Whether a non-blocking call has nothing to do now. Compares the number: a check that follows every read must not
/// cost two virtual calls. Precondition: an error of the system, or none.
inline bool would_block(const std::error_code& error) noexcept {
  return error.value() == EAGAIN || error.value() == EWOULDBLOCK;
}

/// Whether one of our deadlines has expired. The system's ETIMEDOUT is different: the peer stopped acknowledging data,
/// and the connection is gone.
inline bool is_deadline(const std::error_code& error) noexcept {
  return error && error == std::make_error_code(std::errc::timed_out); // the code; the condition is ETIMEDOUT's, too
}

} // namespace revecho
