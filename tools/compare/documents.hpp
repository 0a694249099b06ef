// The document of revecho-compare as JSON: what --json writes and --join reads.
#pragma once

#include "tools/compare/results.hpp"

#include <nlohmann/json_fwd.hpp>

namespace revecho::compare {

void to_json(nlohmann::ordered_json&, const document&);
/// Throws nlohmann::json::exception, or std::runtime_error if it is something else.
void from_json(const nlohmann::ordered_json&, document&);

} // namespace revecho::compare
