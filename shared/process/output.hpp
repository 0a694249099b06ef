// What a program writes to its standard streams: whole, also when signals interrupt that, of which stdio would lose
// some, and in order. Any thread.
#pragma once

#include <string_view>

namespace revecho {

/// Waits for a reader that is slow, but not after a stop signal. Throws std::system_error.
void write_to_stdout(std::string_view text);

/// Waits for nobody: see stderr_queue. What nobody can be told is dropped. Allocates nothing.
void write_to_stderr(std::string_view text) noexcept;

/// The same, but waits until it is taken.
void write_directly_to_stderr(std::string_view text) noexcept;

} // namespace revecho
