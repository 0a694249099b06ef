// Results for people at a terminal. The page for browsers is in report.hpp.
#pragma once

#include "tools/compare/results.hpp"

#include <string>

namespace revecho::compare {

/// A table for each scenario with the best marked, stories, and what it all means.
std::string as_text(const document&);

} // namespace revecho::compare
