// The report of revecho-compare, without a comparison: reads the document of its --json, writes the page of its report.
#include "tools/compare/report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <exception>
#include <iostream>

int main() {
  try {
    std::cout << revecho::compare::report_html(nlohmann::json::parse(std::cin)) << std::flush;
    return std::cout.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "report_of: %s\n", error.what());
    return 2;
  }
}
