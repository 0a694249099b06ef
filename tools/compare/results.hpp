// Results of a comparison and the conditions it ran under; shown, written as JSON, joined and rendered as a page.
#pragma once

#include "tools/host.hpp"
#include "tools/median.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::compare {

/// Figures of a run. Times in microseconds; CPU and context switches are the server's, for each reply.
enum class metric {
  rate, ///< right replies a second, in the window
  replies,
  drift, ///< change of the rate from the first half of the window to the second; 0 if it can be chance
  mean_us,
  p50_us,
  p90_us,
  p99_us,
  p99_9_us,
  p99_99_us,
  max_us,
  first_reply_p50_us, ///< from the start of connecting, without what the load tool itself waits in between
  first_reply_p99_us,
  first_reply_max_us,
  first_reply_censored, ///< share of those of which only the least is known: there was no reply
  accept_p50_us,        ///< from the end of the kernel's handshake until the server has accepted the connection
  accept_p99_us,
  accept_max_us,
  censored, ///< share of the latencies of which only the least is known: the reply was not waited for, or lost
  unserved, ///< clients without a single reply; not known if chance can explain that
  wrong,
  lost,
  late,
  tool_limited, ///< 1 if the figures describe the load tool rather than the server, else 0
  cpu_us,
  cpu_user_us,
  cpu_system_us,
  processor_us, ///< the same of all that its processors did, for whomever, and how that divides
  processor_user_us,
  processor_system_us,
  processor_irq_us,
  processor_softirq_us,
  processor_steal_us, ///< not theirs: of other virtual machines
  disturbed,          ///< 1 if others used the server's processors noticeably, or a CPU quota stopped it, else 0
  context_switches,
  threads,
  loops,                    ///< event loops, where there are several
  busiest_loop_share,       ///< of the server's CPU time; 1 / loops would be even
  busiest_loop_connections, ///< its share of them: the loop's that accepted most
  peak_memory_bytes,
  memory_per_connection_bytes, ///< growth from the idle server to the peak
};
inline constexpr std::size_t metrics = 40;

/// "p99_us", as in JSON.
std::string_view to_string(metric) noexcept;

/// "1.24 ms"
std::string time_of(double microseconds);

/// One run of one contestant; nothing where it is not known.
struct run_figures {
  std::array<std::optional<double>, metrics> values{};
  std::optional<double>& operator[](metric m) noexcept { return values[static_cast<std::size_t>(m)]; }
  std::optional<double> operator[](metric m) const noexcept { return values[static_cast<std::size_t>(m)]; }
};

/// Latency beside that of the scenario's baseline.
struct latency_difference {
  metric of = metric::p50_us;
  estimate by;                 ///< microseconds, of the differences within rounds
  double probability = 1;      ///< of such a difference or a greater one, if there were none
  bool is_significant = false; ///< with respect to all comparisons of the document
};

/// Runs of one contestant in one scenario.
struct result {
  std::string contestant;
  std::string failure; ///< why it has no more runs; empty if nothing failed
  std::vector<run_figures> runs;
  std::vector<latency_difference> added{}; ///< where there is a baseline, and this is not it; made with the verdict

  /// Of all runs in which it is known.
  std::vector<double> all(metric) const;
  /// Their median; 0 if it is not known.
  double median(metric) const;
  /// Do its rates describe the load tool rather than the server, in half of the runs or more? Then they are lower
  /// bounds.
  bool is_limited_by_tool() const { return median(metric::tool_limited) > 0; }
  /// In each run, if there is one: else the median would be that of a choice.
  bool knows(metric m) const { return !runs.empty() && all(m).size() == runs.size(); }
  /// Is no more known of this percentile of the latencies than that it is at least that?
  bool is_at_least(double percent) const { return percent > 100 * (1 - median(metric::censored)); }
};

/// "192k", or "≥ 192k" if the load tool was the limit.
std::string rate_of(const result&);

/// The winner of a scenario, and what that means.
struct verdict {
  std::string winner;            ///< empty if there is none
  std::vector<std::string> tied; ///< not significantly different from the best, the best first
  std::string headline;          ///< the first sentence of
  std::string text;
};

struct scenario_results {
  std::string name;  ///< "100 clients, a wait of 10ms in each request"
  std::string group; ///< the same without the clients: scenarios that differ in nothing else share it
  std::size_t clients = 0;
  std::string delay; ///< in each request; empty if no server was started here
  std::string size;
  std::string framing;
  double rate = 0; ///< offered messages a second; 0: as many as the replies allow
  std::vector<result> results;
  compare::verdict verdict;
  std::vector<int> server_cpus; ///< empty: as all the document
  std::vector<int> tool_cpus;   ///< likewise; the same ones if too few were left
  std::size_t pipeline = 1;     ///< messages in flight per connection
  std::string session{};        ///< messages of a connection before the next one; empty: it carries all
  bool half_close = false;      ///< after the last message of a connection
  std::string baseline{};       ///< contestant that the others' latencies are compared with; empty: they are not
};

/// A story that is told by how long something took.
struct timed_story {
  struct row {
    std::string label;
    std::vector<double> seconds; ///< of each run
  };
  std::string name;
  std::string title;
  std::string text;
  std::vector<row> rows;
};

struct contestant_info {
  std::string name;
  std::string command;  ///< of a server that was started for this,
  std::string endpoint; ///< or where one was running already,
  int pid = 0;          ///< and as which process, if that is known
};

struct build_info {
  std::string version;
  std::string compiler;
  std::string type;
};

struct document {
  host machine;
  build_info build;
  std::vector<std::string> warnings; ///< conditions of the machine that spoil figures
  std::string command;
  unsigned repeat = 0;
  double duration_s = 0;
  bool self_test = false; ///< the contestants are one server under two names
  double margin = 0.02;   ///< ratios closer to 1 are no practical difference
  double precision = 0;   ///< runs went on until intervals were that narrow, or the time was over; 0: they did not
  std::string started;    ///< "2026-01-31T12:00:00Z"
  double took_s = 0;
  unsigned repeated_runs = 0;   ///< made once more, because the load tool was held up
  std::vector<int> server_cpus; ///< empty if nothing was pinned
  std::vector<int> tool_cpus;
  std::vector<contestant_info> contestants;
  std::vector<scenario_results> scenarios;
  std::vector<timed_story> stories;
  std::vector<std::string> verdicts; ///< in plain words
  bool interrupted = false;          ///< told to stop before all was measured
  bool ok = true;                    ///< nothing failed, and nothing was cut off

  /// Are some of the contestants started here? The others are running already.
  bool starts_servers() const;
  bool has_running_servers() const;

  /// This machine and this program.
  static document here();
};

/// Reasons why two documents cannot be compared, one text each; empty if there are none.
std::vector<std::string> differences(const document&, const document&);

/// Contestants and stories that are in both.
std::vector<std::string> names_in_both(const document&, const document&);

/// Both in one: their contestants side by side, and the runs of a contestant that is in both together. Makes no
/// verdicts. Precondition: there are no differences.
document joined(document, const document&);

} // namespace revecho::compare
