#include "sync/server.hpp"

#include "shared/process/descriptor_limit.hpp"
#include "shared/process/format.hpp"
#include "shared/process/port_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <random>
#include <utility>

namespace revecho::sync {
namespace {

// A port, or the path of a UNIX socket: either is an endpoint by itself.
std::vector<std::string> ports_of(const std::vector<std::vector<endpoint>>& endpoints) {
  std::vector<std::string> ports;
  ports.reserve(endpoints.size());
  for (const auto& each : endpoints) {
    const auto& where = each.front();
    ports.push_back(where.is_unix() ? to_string(where) : std::to_string(where.port));
  }
  return ports;
}

} // namespace

admission::~admission() {
  if (owner_ != nullptr) owner_->connection_ended();
}

server::server(server_options options)
    : descriptor_limit_(raise_descriptor_limit()),
      options_(std::move(options)),
      log_(options_.level, options_.format),
      seed_(options_.seed ? *options_.seed : std::random_device{}()),
      runtime_(options_),
      endpoints_(runtime_.listen(options_)) {
  const std::size_t possible = possible_connections();
  if (options_.max_connections == 0) options_.max_connections = possible;
  if (options_.max_connections > possible) {
    log_.write(log_level::warning,
        fmt::format("--max-connections {} is more than the descriptor limit allows ({}); raise it with ulimit -n",
            options_.max_connections, possible));
  }
}

std::size_t server::possible_connections() const noexcept {
  const std::size_t left = descriptor_limit_ - std::min(descriptor_limit_, runtime_.descriptors());
  return left > 2 * limits::reserved_descriptors ? left - limits::reserved_descriptors : left / 2;
}

// --- connections -----------------------------------------------------------------------------------------------------

void server::accept_connections(listener& from) {
  auto pause = limits::first_accept_pause;
  for (;;) {
    std::error_code error;
    try {
      auto peer = from.accept(error);
      if (peer) {
        pause = limits::first_accept_pause;
        admit(std::move(*peer), from);
        continue;
      }
    } catch (const std::bad_alloc&) {
      error = std::make_error_code(std::errc::not_enough_memory);
    }
    if (error == std::errc::operation_canceled) break;
    // Without an open connection that could free descriptors or memory, the backlog cannot be served.
    const bool again = pause > limits::first_accept_pause;
    if (again && from.stopping() && open_ == 0) break;
    try {
      report_accept_failure(error);
      from.sleep_for(pause);
    } catch (const std::bad_alloc&) { // no memory for the log or the pause either: retries at once
    }
    pause = std::min(2 * pause, limits::longest_accept_pause);
  }
  from.close();
}

void server::admit(stream peer, listener& to) {
  counts_.add(count::accepted);
  counts_.add_accept_wait(peer.time_in_backlog());
  if (++open_ > options_.max_connections) {
    --open_;
    counts_.add(count::refused);
    log_.write(log_level::info, fmt::format("{}: refused: {} connections are open", peer.peer(), open_.load()));
    return;
  }
  admission place(*this, random_bits(seed_ + number_++)());
  try {
    to.spawn(serve, std::move(peer), std::move(place), std::ref(service_));
  } catch (const std::exception& error) { // no memory or no thread for it: this connection is closed, the others go on
    counts_.add(count::refused);
    log_.write(log_level::warning, fmt::format("a connection was refused: {}", error.what()));
  }
}

void server::connection_ended() noexcept {
  --open_;
  if (options_.exit_after > 0 && counts()[count::served] >= options_.exit_after) {
    const std::lock_guard lock(mutex_);
    stops_ = std::max(stops_, 1);
    changed_.notify_all();
  }
}

void server::report_accept_failure(std::error_code error) {
  counts_.add(count::accept_failures);
  const std::lock_guard lock(mutex_);
  const auto now = clock::now();
  if (now - accept_failure_reported_ < limits::accept_failure_log_interval) return;
  accept_failure_reported_ = now;
  log_.write(log_level::error, fmt::format("cannot accept connections: {}; trying again", error.message()));
}

// --- life ------------------------------------------------------------------------------------------------------------

int server::run() {
  runtime_.start([this](listener& from) { return accept_connections(from); },
      [this] {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        changed_.notify_all();
      });
  // Only now, so that a reader of the port file finds all threads running.
  if (!options_.port_file.empty()) write_port_file(options_.port_file, ports_of(endpoints_));
  for (const auto& each : endpoints_) {
    for (const auto& where : each) {
      const auto address = to_string(where);
      log_.write(log_level::info, fmt::format("listening on {}", address), log_fields{{"address", address}});
    }
  }
  const bool in_time = serve_until_stopped();
  log_.write(log_level::info, summary(counts()), to_fields(counts(), counts_.accept_waits()));
  return in_time ? 0 : 1;
}

void server::stop() {
  const std::lock_guard lock(mutex_);
  ++stops_;
  changed_.notify_all();
}

// False if a second stop() ended it.
bool server::serve_until_stopped() {
  std::unique_lock lock(mutex_);
  const bool reports = options_.stats_interval > options_.stats_interval.zero();
  auto reported_at = clock::now();
  auto next_report = reports ? reported_at + options_.stats_interval : clock::time_point::max();
  auto drain_end = clock::time_point::max();
  statistics_snapshot reported;
  bool draining = false;
  while (!finished_) {
    if (stops_ > 0 && !draining) {
      draining = true;
      drain_end = clock::now() + options_.drain_timeout;
      log_.write(log_level::info, fmt::format("stopping: {} connections are open", open_.load()));
      runtime_.stop();
    }
    const auto now = clock::now();
    if (stops_ > 1 || now >= drain_end) {
      if (open_ > 0) log_.write(log_level::warning, fmt::format("closed {} unfinished connections", open_.load()));
      runtime_.abort();
      changed_.wait(lock, [&] { return finished_; });
      break;
    }
    if (now >= next_report) {
      report_statistics(reported, now - reported_at);
      reported_at = now;
      const auto missed = (now - next_report) / options_.stats_interval;
      next_report += (missed + 1) * options_.stats_interval;
    }
    const auto wake = std::min(next_report, drain_end);
    if (wake == clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, wake);
    }
  }
  return stops_ < 2;
}

void server::report_statistics(statistics_snapshot& before, clock::duration since) const {
  const auto now = counts();
  const double seconds = std::chrono::duration<double>(since).count();
  const double rate = static_cast<double>(now[count::messages] - before[count::messages]) / seconds;
  before = now;
  if (!log_.writes(log_level::info)) return;
  log_.write(log_level::info, fmt::format("{} open, {} msg/s; {}", open_.load(), format_count(rate), summary(now)),
      to_fields(now, counts_.accept_waits()));
}

} // namespace revecho::sync
