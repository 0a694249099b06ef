// The machine's record as JSON documents of both tools have it.
#pragma once

#include "tools/host.hpp"

#include <nlohmann/json_fwd.hpp>

namespace revecho {

void to_json(nlohmann::ordered_json&, const host&);

/// Documents of older versions lack some of it.
void from_json(const nlohmann::ordered_json&, host&);

} // namespace revecho
