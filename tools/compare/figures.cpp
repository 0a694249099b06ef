#include "tools/compare/figures.hpp"

#include <chrono>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;

double microseconds(std::chrono::nanoseconds t) { return std::chrono::duration<double, std::micro>(t).count(); }

void take_latencies(run_figures& figures, const stress::latencies& from) {
  if (from.values.size() == 0) return;
  figures[metric::mean_us] = microseconds(from.values.mean());
  const auto take = [&](metric m, double percent) {
    if (const auto known = from.values.known_percentile(percent)) figures[m] = microseconds(*known);
  };
  take(metric::p50_us, 50);
  take(metric::p90_us, 90);
  take(metric::p99_us, 99);
  take(metric::p99_9_us, 99.9);
  take(metric::p99_99_us, 99.99);
  figures[metric::max_us] = microseconds(from.values.max());
  figures[metric::censored] = static_cast<double>(from.censored) / static_cast<double>(from.values.size());
}

void take_first_replies(run_figures& figures, const stress::latencies& from) {
  if (from.values.size() == 0) return;
  if (const auto p50 = from.values.known_percentile(50)) figures[metric::first_reply_p50_us] = microseconds(*p50);
  if (const auto p99 = from.values.known_percentile(99)) figures[metric::first_reply_p99_us] = microseconds(*p99);
  figures[metric::first_reply_max_us] = microseconds(from.values.max());
  figures[metric::first_reply_censored] = stress::share(from.censored, from.values.size());
}

// The kernel counts memory by the page, and where time was spent by the tick, of 4 or 10 ms: below this a figure is
// chance.
constexpr double least_growth = 64.0 * 4096;
constexpr std::size_t fewest_connections = 10;
constexpr auto least_time_to_divide = 200ms;
constexpr std::uint64_t fewest_replies = 100;

// How it divides is counted in steps of 10 ms.
void take_processors(run_figures& figures, const processor_times& spent, double replies) {
  if (spent.busy() < least_time_to_divide) return;
  figures[metric::processor_us] = microseconds(spent.busy()) / replies;
  figures[metric::processor_user_us] = microseconds(spent.user) / replies;
  figures[metric::processor_system_us] = microseconds(spent.system) / replies;
  figures[metric::processor_irq_us] = microseconds(spent.irq) / replies;
  figures[metric::processor_softirq_us] = microseconds(spent.softirq) / replies;
  figures[metric::processor_steal_us] = microseconds(spent.steal) / replies;
}

} // namespace

run_figures figures_of(const stress::level_result& level) {
  run_figures figures;
  figures[metric::rate] = level.rate();
  figures[metric::drift] = level.drift().value_or(0);
  figures[metric::replies] = static_cast<double>(level.answered);
  take_latencies(figures, level.offered_rate > 0 ? level.response : level.service);
  take_first_replies(figures, level.first_reply);
  if (!level.is_unserved_by_chance()) figures[metric::unserved] = static_cast<double>(level.never_served());
  figures[metric::wrong] = static_cast<double>(level.wrong_total());
  figures[metric::lost] = static_cast<double>(level.lost);
  figures[metric::late] = static_cast<double>(level.late);
  figures[metric::tool_limited] = level.limited_by() != stress::tool_limit::none ? 1 : 0;
  return figures;
}

void take_usage(run_figures& figures, const server_usage& usage, const stress::level_result& level) {
  figures[metric::threads] = static_cast<double>(usage.threads);
  figures[metric::peak_memory_bytes] = usage.peak_memory;
  figures[metric::accept_p50_us] = usage.accepts.wait_p50_us;
  figures[metric::accept_p99_us] = usage.accepts.wait_p99_us;
  figures[metric::accept_max_us] = usage.accepts.wait_max_us;
  const double growth = usage.peak_memory - usage.idle_memory;
  // A client that was not served may have no connection, except to the kernel.
  if (growth >= least_growth && level.clients >= fewest_connections && level.never_served() == 0)
    figures[metric::memory_per_connection_bytes] = growth / static_cast<double>(level.clients);
  if (usage.processors) figures[metric::disturbed] = usage.is_disturbed || 100 * level.throttled > level.window ? 1 : 0;
  if (level.verified == 0 || !usage.is_time_known) return;
  const auto replies = static_cast<double>(level.verified);
  const auto time = usage.user_time + usage.system_time;
  figures[metric::cpu_us] = microseconds(time) / replies;
  if (time >= least_time_to_divide) {
    figures[metric::cpu_user_us] = microseconds(usage.user_time) / replies;
    figures[metric::cpu_system_us] = microseconds(usage.system_time) / replies;
  }
  if (usage.processors) take_processors(figures, *usage.processors, replies);
  if (usage.context_switches && level.verified >= fewest_replies)
    figures[metric::context_switches] = static_cast<double>(*usage.context_switches) / replies;
}

void take_skew(run_figures& figures, const server_usage& usage, unsigned loops) {
  figures[metric::loops] = loops;
  figures[metric::busiest_loop_share] = usage.busiest_thread;
  figures[metric::busiest_loop_connections] = usage.accepts.busiest_thread;
}

} // namespace revecho::compare
