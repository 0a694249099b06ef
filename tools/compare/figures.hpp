// The figures of a run, from what the load tool and the system have counted.
#pragma once

#include "tools/compare/results.hpp"
#include "tools/compare/server_process.hpp"
#include "tools/stress/results.hpp"

namespace revecho::compare {

/// What the load has seen.
run_figures figures_of(const stress::level_result&);

/// Adds what the server has cost, as far as there is enough behind it.
void take_usage(run_figures&, const server_usage&, const stress::level_result&);

/// Adds how its event loops share the work, of which there are several.
void take_skew(run_figures&, const server_usage&, unsigned loops);

} // namespace revecho::compare
