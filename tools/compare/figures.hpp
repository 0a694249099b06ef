// The figures of a run, from what the load tool and the system have counted.
#pragma once

#include "tools/compare/results.hpp"
#include "tools/compare/server_process.hpp"
#include "tools/stress/results.hpp"

namespace revecho::compare {

/// Figures that the load tool measured.
run_figures figures_of(const stress::level_result&);

/// Adds the costs of the server; those with too few samples stay unknown.
void take_usage(run_figures&, const server_usage&, const stress::level_result&);

/// Adds how its event loops share the work, of which there are several.
void take_skew(run_figures&, const server_usage&, unsigned loops);

} // namespace revecho::compare
