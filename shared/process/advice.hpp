// Advice to people about errors of the system met while starting. Knows no program.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace revecho {

/// The operation that failed: the same system error has a different cause and remedy in each.
enum class attempt { listening, listening_at_path, connecting, other };

/// "Connection refused; nothing listens there; is the server running?": what the error is, and, if there is advice,
/// what a person can do about it.
std::string with_advice(attempt, std::error_code);

/// Only the advice, as half a sentence; empty when there is none.
std::string_view advice_for(attempt, std::error_code) noexcept;

} // namespace revecho
