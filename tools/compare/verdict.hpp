// Turns figures into sentences, and says what they do not show.
#pragma once

#include "tools/compare/results.hpp"

#include <string>
#include <vector>

namespace revecho::compare {

/// The verdict of each scenario, and the sentences over all of them. Changes nothing else.
///
/// A contestant wins if it is better than each other one, at the rate if that was open, else at what a reply costs: by
/// more than the margin, and significantly, which it is with respect to all comparisons of the document (Holm; the
/// chance of any false one is 5 %). Those who left clients unserved cannot win against those who did not.
void judge_all(document&);

/// How wide the interval of what contestants are judged by is, to either side and as a part of the median: the widest
/// of those who can win.
double imprecision(const scenario_results&);

} // namespace revecho::compare
