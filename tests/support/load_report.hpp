// The report of a revecho-stress that ran one level and wrote --json - to its stdout.
#pragma once

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace revecho::test {

struct load_report {
  outcome end;
  nlohmann::json level;
};

inline load_report parsed(outcome end) {
  const auto document = nlohmann::json::parse(end.output, nullptr, false);
  REQUIRE_FALSE(document.is_discarded());
  return {std::move(end), document["levels"][0]};
}

} // namespace revecho::test
