// Advice to people about errors of the system met while starting. Knows no program.
#pragma once

#include <string_view>
#include <system_error>

namespace revecho {

/// What a person can do about the error, as half a sentence; empty when there is no advice.
std::string_view advice_for(std::error_code) noexcept;

} // namespace revecho
