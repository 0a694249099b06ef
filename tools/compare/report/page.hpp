// The page of the report around its results; made at build time by embed.cmake of report.html, report.css, the scripts
// in this folder and Chart.js.
#pragma once

#include <string_view>

namespace revecho::compare {

std::string_view page_before_results();
std::string_view page_after_results();

} // namespace revecho::compare
