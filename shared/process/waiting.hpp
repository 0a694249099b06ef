// Standard streams in non-blocking mode. O_NONBLOCK belongs to the open file, which this process shares with its
// parent: it may already be set, and must not be changed.
#pragma once

namespace revecho {

enum class direction { reading, writing };

/// After a read or write that failed: can it be tried again? Returns true after EINTR, and after EAGAIN once the
/// descriptor is ready; else false, with errno as it was.
bool wait_for_retry(int descriptor, direction) noexcept;

} // namespace revecho
