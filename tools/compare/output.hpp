// Results for people at a terminal. The page for browsers is in report.hpp.
#pragma once

#include "tools/compare/results.hpp"

#include <cstddef>
#include <string>

namespace revecho::compare {

/// A table for each scenario with the best marked, stories, and what it all means.
std::string as_text(const document&, std::size_t width);

} // namespace revecho::compare
