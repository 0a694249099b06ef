#include "tools/stress/outages.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace revecho::stress {
namespace {

using std::chrono::nanoseconds;

nanoseconds median(std::vector<nanoseconds> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Interruptions that all lie over the time from begin to end.
struct group {
  nanoseconds begin{};
  nanoseconds end{};
  std::vector<interruption> members;
  std::set<std::uint64_t> clients;
};

bool joins(const group& g, const interruption& next) {
  return next.start < g.end && next.end() > g.begin && g.clients.count(next.client) == 0;
}

// One client that is not answered while nobody else asks says nothing of the others.
bool is_of_whole_path(const group& g, const moments& asked, const moments& answered, std::size_t clients) {
  if (g.members.size() >= clients) return true;
  return !answered.any_between(g.begin, g.end) && (g.members.size() > 1 || asked.any_between(g.begin, g.end));
}

outage outage_of(const group& g) {
  outage result;
  std::vector<nanoseconds> starts;
  std::vector<nanoseconds> ends;
  for (const auto& each : g.members) {
    starts.push_back(each.start);
    ends.push_back(each.end());
    result.lost += each.lost;
  }
  result.start = median(std::move(starts));
  result.duration = median(std::move(ends)) - result.start;
  result.connections = g.members.size();
  return result;
}

} // namespace

void moments::add(nanoseconds since_begin) {
  if (since_begin < since_begin.zero()) return;
  const auto at = static_cast<std::size_t>(since_begin / step);
  if (at >= steps_.size()) steps_.resize(at + 1);
  steps_[at] = true;
}

void moments::merge(const moments& other) {
  steps_.resize(std::max(steps_.size(), other.steps_.size()));
  for (std::size_t i = 0; i < other.steps_.size(); ++i)
    if (other.steps_[i]) steps_[i] = true;
}

bool moments::any_between(nanoseconds from, nanoseconds to) const noexcept {
  const auto first = static_cast<std::size_t>(std::max(from, nanoseconds{}) / step) + 1;
  const auto end = std::min(static_cast<std::size_t>(std::max(to, nanoseconds{}) / step), steps_.size());
  if (first >= static_cast<std::size_t>(to / step)) return true; // too short to tell
  for (auto i = first; i < end; ++i)
    if (steps_[i]) return true;
  return false;
}

std::vector<outage> outages_of(std::vector<interruption> all, const moments& asked, const moments& answered,
    std::size_t clients, nanoseconds shortest_silence) {
  std::erase_if(all, [&](const auto& each) { return each.connected && each.duration < shortest_silence; });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  std::vector<group> open; // that later ones may still join
  std::vector<outage> result;
  const auto close_until = [&](nanoseconds time) {
    std::erase_if(open, [&](const group& g) {
      if (g.end > time) return false;
      result.push_back(outage_of(g));
      result.back().whole_path = is_of_whole_path(g, asked, answered, clients);
      return true;
    });
  };
  for (const auto& next : all) {
    close_until(next.start);
    const auto found = std::find_if(open.begin(), open.end(), [&](const group& g) { return joins(g, next); });
    if (found == open.end()) {
      open.push_back({next.start, next.end(), {next}, {next.client}});
      continue;
    }
    found->begin = std::max(found->begin, next.start);
    found->end = std::min(found->end, next.end());
    found->members.push_back(next);
    found->clients.insert(next.client);
  }
  close_until(nanoseconds::max());
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  return result;
}

} // namespace revecho::stress
