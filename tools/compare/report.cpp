#include "tools/compare/report.hpp"

#include "tools/compare/report/page.hpp"

#include <nlohmann/json.hpp>

namespace revecho::compare {

std::string report_html(const nlohmann::json& results) {
  const auto document = results.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string page(page_before_results());
  page.reserve(page.size() + document.size() + page_after_results().size());
  // Only a '<' could end the element that the document stands in, and in JSON it is only ever part of a string.
  for (const char c : document) {
    if (c == '<')
      page += "\\u003c";
    else
      page += c;
  }
  return page += page_after_results();
}

} // namespace revecho::compare
