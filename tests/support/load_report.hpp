// The report of a revecho-stress that ran one level and wrote --json - to its stdout.
#pragma once

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace revecho::test {

struct load_report {
  outcome end;
  nlohmann::json level;
};

/// Of what follows each place in the text, the numbers that the pattern's first group matches, added up.
inline std::uint64_t sum_in(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  std::uint64_t sum = 0;
  for (auto i = std::sregex_iterator(text.begin(), text.end(), wanted); i != std::sregex_iterator(); ++i)
    sum += std::stoull((*i)[1]);
  return sum;
}

/// Sums of the level that do not agree with each other, or with the remarks; none if those were not asked for.
inline std::vector<std::string> contradictions(const nlohmann::json& level, const std::string& remarks) {
  constexpr std::uint64_t shortened = 1000; // "1.23k"
  std::vector<std::string> all;
  const auto compare = [&](const std::string& what, std::uint64_t sum, std::uint64_t whole) {
    if (sum != whole) all.push_back(what + ": " + std::to_string(sum) + " of " + std::to_string(whole));
  };
  const std::uint64_t lost = level["lost"];
  std::uint64_t lost_in_json = level["lost_outside_outages"];
  for (const auto& outage : level["outages"])
    lost_in_json += outage["lost"].get<std::uint64_t>();
  compare("lost in outages, and outside of them", lost_in_json, lost);
  std::uint64_t wrong = 0;
  for (const auto& [kind, count] : level["wrong"].items())
    wrong += count.get<std::uint64_t>();
  std::map<std::string, std::uint64_t> faults;
  for (const auto& each : level["faults"]) {
    const auto count = each["count"].get<std::uint64_t>();
    faults[each["event"].get<std::string>()] += count;
    if (each["examples"].size() != std::min<std::uint64_t>(count, 3)) all.push_back("examples: " + each.dump());
    for (const auto& example : each["examples"]) // a sequence number less than none
      if (example["message"].is_number() && example["message"].get<std::uint64_t>() >> 63 != 0)
        all.push_back(example.dump());
  }
  compare("wrong in faults", faults["wrong"], wrong);
  for (const std::string figure : {"lost", "late", "connect_failed", "closed_early"})
    compare(figure + " in faults", faults[figure], level[figure]);
  const bool is_quiet = remarks.find(" client") == remarks.npos || level["ok"] == true;
  if (is_quiet) return all;
  if (lost < shortened)
    compare("lost in lines",
        sum_in(remarks, "Outage at [^\n]*[,] ([0-9]+) messages? lost[.]") +
            sum_in(remarks, "interruptions? of [^\n]*: ([0-9]+) messages? lost[.]") +
            sum_in(remarks, ": ([0-9]+) messages? lost outside of outages[.]"),
        lost);
  for (const auto& [figure, title] : std::map<std::string, std::string>{{"wrong", "wrong"}, {"lost", "lost"},
           {"late", "late"}, {"connect_failed", "unconnected"}, {"closed_early", "closed early"}})
    if (faults[figure] < shortened)
      compare(title + " in lines", sum_in(remarks, ": ([0-9]+) " + title + ": "), faults[figure]);
  return all;
}

inline load_report parsed(outcome end) {
  const auto document = nlohmann::json::parse(end.output, nullptr, false);
  REQUIRE_FALSE(document.is_discarded());
  const auto& level = document["levels"][0];
  INFO(end.errors);
  CHECK(contradictions(level, end.errors) == std::vector<std::string>{});
  return {std::move(end), level};
}

} // namespace revecho::test
