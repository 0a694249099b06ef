// Unbuffered, ordered writes to the standard streams that survive EINTR and short writes; stdio would lose output. Any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace revecho {

/// Behind all that went to stderr before, if somebody takes that. Waits for a reader that is slow, but not after a stop
/// signal. Throws std::system_error.
void write_to_stdout(std::string_view text);

/// The same, to another descriptor. The error says "cannot write NAME".
void write_all(int descriptor, std::string_view text, const std::string& name);

/// Never waits for a reader: see stderr_queue. Text that cannot be written is dropped. Allocates nothing.
void write_to_stderr(std::string_view text) noexcept;

/// The same, but waits until it is taken.
void write_directly_to_stderr(std::string_view text) noexcept;

} // namespace revecho
