// The page of the report around its results; made at build time by embed.cmake of report.html, report.css, report.js and
// Chart.js.
#pragma once

#include <string_view>

namespace revecho::compare {

std::string_view page_before_results();
std::string_view page_after_results();

} // namespace revecho::compare
