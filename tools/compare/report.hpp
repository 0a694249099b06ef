// The results of revecho-compare as a page for people. Knows nothing of how they were measured.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace revecho::compare {

/// One self-contained page, that opens offline, of the document that --json writes. What is in the document is shown as
/// text, whatever it holds; bytes in it that are not UTF-8 become U+FFFD.
std::string report_html(const nlohmann::json& results);

} // namespace revecho::compare
