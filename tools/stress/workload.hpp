// Description of a load: what each client sends, when, and for how long. Does not know how it is sent.
#pragma once

#include "shared/net/address.hpp"
#include "shared/options/distribution.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/limits.hpp"
#include "shared/protocol/framing.hpp"
#include "shared/protocol/proxy_header.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace revecho::stress {

using steady = std::chrono::steady_clock;

enum class arrivals { even, poisson };
enum class closing { fin, reset };

/// Faults, and as many ends of connections, that a level keeps one by one if it is to.
inline constexpr std::size_t most_events = 100'000;

struct port_range {
  std::uint16_t first = 1;
  std::uint16_t last = 65535;

  std::size_t size() const noexcept { return std::size_t{last} - first + 1; }
};

struct workload {
  std::vector<endpoint> to{{"127.0.0.1", limits::default_port}}; ///< targets of the clients, in turn
  bool all_addresses = false;                                    ///< of a name: each is a target by itself
  framing framing_kind = framing::raw;
  distribution size{64};                              ///< bytes, without framing
  std::size_t max_size = limits::default_max_message; ///< larger draws of `size` are cut to this
  std::size_t pipeline = 1;                           ///< messages of a connection under way at once
  distribution think;                                 ///< between a reply and the next message
  std::optional<distribution> session;                ///< messages of a connection before the next one; none: all
  closing close = closing::fin;
  std::optional<proxy_version> send_proxy; ///< begin each connection with such a header
  bool half_close = false; ///< after the last message of a connection; the rest of the stream is still checked

  double rate = 0; ///< messages a second of all clients together (an open loop); 0: as replies come (a closed loop)
  arrivals arrival = arrivals::even;

  std::chrono::nanoseconds ramp{};   ///< in which connections are opened, evenly; zero: all at once, and then wait
  std::chrono::nanoseconds warmup{}; ///< then messages are sent and not counted
  std::chrono::nanoseconds duration = std::chrono::seconds{3}; ///< then comes the window in which they are
  std::chrono::nanoseconds cooldown{};     ///< and after it they are sent once more without counting
  std::optional<std::uint64_t> messages{}; ///< of each client, instead of a duration

  /// Grace period for replies still owed after the cool-down, for clients served in the window; later latencies are
  /// censored. None: each reply may take until its time-out.
  std::optional<std::chrono::nanoseconds> rest;

  std::chrono::nanoseconds timeout = std::chrono::seconds{10};              ///< for connecting, and for each reply
  bool reconnect = false;                                                   ///< go on after a connection was lost
  distribution reconnect_pause = distribution::parse("uniform:20ms..50ms"); ///< between attempts that fail
  std::chrono::nanoseconds shortest_outage = std::chrono::seconds{1};       ///< of a client that stays connected
  bool timestamps = true;    ///< ask the kernel when replies arrived, to know how long the tool let them lie
  bool nets = false;         ///< record net responses; with `timestamps`, at the cost of asking at every read
  bool keeps_events = false; ///< each fault and each end of a connection, up to most_events
  unsigned threads = 1;
  std::vector<socket_address> sources;    ///< addresses to connect from, in turn; empty: the system's choice
  std::optional<port_range> source_ports; ///< ports to connect from, in turn; none: the system's choice
  std::optional<std::uint64_t> seed;      ///< of all draws

  /// Is some target a UNIX socket? They have no addresses, segments or arrival times.
  bool uses_unix() const noexcept {
    return std::any_of(to.begin(), to.end(), [](const endpoint& each) { return each.is_unix(); });
  }
  bool asks_for_arrivals() const noexcept { return timestamps && !uses_unix(); }

  /// Bytes, without framing.
  std::size_t longest_message() const noexcept {
    return size.is_bounded() ? std::min(max_size, static_cast<std::size_t>(size.largest())) : max_size;
  }
};

/// The times of a level that has begun. Before that, and of parts that only the clients' work ends: max().
struct level_times {
  steady::time_point begun = steady::time_point::max();
  steady::time_point window_begin = steady::time_point::max();
  steady::time_point window_end = steady::time_point::max();
  steady::time_point stop_sending = steady::time_point::max();

  level_times() = default;
  level_times(const workload& work, steady::time_point begin)
      : begun(begin), window_begin(begin + work.ramp + work.warmup) {
    if (work.messages) return;
    window_end = window_begin + work.duration;
    stop_sending = window_end + work.cooldown;
  }

  bool is_in_window(steady::time_point t) const noexcept { return t >= window_begin && t < window_end; }
};

} // namespace revecho::stress
