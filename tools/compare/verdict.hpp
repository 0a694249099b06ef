// What the figures mean, in sentences, and what they do not.
#pragma once

#include "tools/compare/results.hpp"

#include <string>
#include <vector>

namespace revecho::compare {

/// Who did best in this scenario, if anybody did significantly: at the rate if it was open, else at what a reply costs.
/// Those who left clients unserved cannot win against those who did not.
verdict judge(const scenario_results&);

/// The verdict of each scenario, and the sentences over all of them. Changes nothing else.
void judge_all(document&);

} // namespace revecho::compare
