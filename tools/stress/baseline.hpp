// A former run of the same load, and whether a level is worse than then by more than a tolerance and noise. Knows no
// I/O.
#pragma once

#include "tools/median.hpp"
#include "tools/stress/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revecho::stress {

enum class baseline_figure { rate, p50, p99, faults };
inline constexpr std::size_t baseline_figures = 4;

/// "rate"
std::string_view to_string(baseline_figure) noexcept;

/// Of a level: medians over the seconds of its window, latencies in seconds; faults as a part of the messages. A figure
/// is not known if fewer than five seconds know it.
struct level_figures {
  std::array<std::optional<estimate>, baseline_figures> values;
  bool held_up = false; ///< see level_result::is_held_up()
};

struct baseline {
  std::string name;       ///< of its file
  double tolerance = 0.1; ///< 0.1: 10 %
  std::chrono::nanoseconds window_begin{};
  std::chrono::nanoseconds window_end{};                     ///< since a level began, of this load
  std::vector<std::pair<std::size_t, level_figures>> levels; ///< each with its clients
};

/// Of the document that --json wrote then. `config`: of the load now, as --json writes it. Throws std::invalid_argument
/// with a sentence if that load differs, or the document is of no use.
baseline parse_baseline(const std::string& name, double tolerance, const nlohmann::ordered_json& document,
    const nlohmann::ordered_json& config);

/// A figure then and now.
struct comparison {
  baseline_figure figure;
  std::optional<estimate> then;
  std::optional<estimate> now;
  bool is_known = false; ///< can they be compared?
  std::string reason;    ///< why it is worse, as a sentence; empty if it is not
};

/// All figures, in their order. Worse is what differs by more than the tolerance even between the nearest ends of both
/// intervals. Nothing is compared if something outside of the load tool held it up now, and did not then.
std::vector<comparison> compare(const baseline&, const level_result&);

/// Which figures were not compared, and why, as a sentence; empty if all were.
std::string about_unknown(const baseline&, const level_result&);

/// For the level's JSON.
nlohmann::ordered_json as_json(const std::vector<comparison>&);

} // namespace revecho::stress
