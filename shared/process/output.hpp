// What a program writes to its standard streams: whole, also when signals interrupt that, of which stdio would lose
// some. Not buffered, and so in order. Any thread.
#pragma once

#include <string_view>

namespace revecho {

/// Throws std::system_error.
void write_to_stdout(std::string_view text);

/// What nobody can be told is dropped. Allocates nothing.
void write_to_stderr(std::string_view text) noexcept;

} // namespace revecho
