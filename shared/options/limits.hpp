// Every default and bound of revecho in one place, each with its unit and its reason. Knows nothing but numbers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace revecho::limits {

using namespace std::chrono_literals;

/// Bytes one read may return. It bounds a raw message, and is what one connection may hold of unread input.
inline constexpr std::size_t read_buffer = std::size_t{64} * 1024;

/// Bytes of one message, unless --max-message says otherwise: far above a demonstration, far below a nuisance.
inline constexpr std::size_t default_max_message = std::size_t{1024} * 1024;

/// Between two messages: long enough for a person at a terminal, short enough to free forgotten connections.
inline constexpr std::chrono::nanoseconds default_idle_timeout = 5min;

/// From the first byte of a message to its last, against clients that drip.
inline constexpr std::chrono::nanoseconds default_message_timeout = 30s;

/// For one batch of replies to be taken, against clients that send and do not read.
inline constexpr std::chrono::nanoseconds default_write_timeout = 30s;

/// For what is in flight when the server is told to stop.
inline constexpr std::chrono::nanoseconds default_drain_timeout = 10s;

/// How long a client waits, from connecting to the last byte of the reply.
inline constexpr std::chrono::nanoseconds default_client_timeout = 10s;

/// Head start of a connection attempt before a parallel one to the next address of the same name begins (RFC 8305,
/// 5: the default).
inline constexpr std::chrono::milliseconds connection_attempt_delay = 250ms;

/// The longest duration an option takes: far above any use, and safe to add to any clock.
inline constexpr std::chrono::nanoseconds max_duration = 24h * 365;

/// After a violation the rest of the input is read and dropped this long and this far: closing with unread input would
/// send a reset, and a reset destroys replies that the peer has not read yet (RFC 1122, 4.2.2.13).
inline constexpr std::chrono::nanoseconds linger_time = 1s;
inline constexpr std::size_t linger_bytes = std::size_t{16} * 1024 * 1024;

/// Connections the kernel may complete before the server accepts them; the kernel caps it (net.core.somaxconn).
inline constexpr int default_backlog = 4096;

/// Bytes in the path of a UNIX socket: what the kernel's structure has room for, which ends with a zero.
inline constexpr std::size_t longest_socket_path = 107;

/// Between two attempts to connect to a UNIX socket whose backlog is full: the kernel does not report room in it.
inline constexpr std::chrono::milliseconds full_backlog_pause = 5ms;

/// Descriptors kept for what is neither a client nor counted otherwise: standard streams, files, libraries.
inline constexpr std::size_t reserved_descriptors = 64;

/// Pauses after accept() has failed because descriptors or memory ran out, doubled each time. Without them a full
/// descriptor table makes accept fail hundreds of thousands of times a second.
inline constexpr std::chrono::milliseconds first_accept_pause = 5ms;
inline constexpr std::chrono::milliseconds longest_accept_pause = 100ms;

/// Connections accepted in a row before the clients that are already there get their turn.
inline constexpr int accept_batch = 64;

/// At most this often the log repeats that accept() fails.
inline constexpr std::chrono::seconds accept_failure_log_interval = 1s;

/// Of a message that is not the load tool's, --log-messages shows this many bytes.
inline constexpr std::size_t logged_bytes = 32;

/// The shortest --stats interval: below it a rate says more about when it was taken than about the server.
inline constexpr std::chrono::nanoseconds shortest_stats_interval = 100ms;

/// Deadlines are checked this many times per shortest time-out, within the two bounds below. A time-out fires at most
/// one tick late, and costs nothing per message.
inline constexpr int ticks_per_timeout = 8;
inline constexpr std::chrono::nanoseconds shortest_tick = 2ms;
inline constexpr std::chrono::nanoseconds longest_tick = 1s;

/// The tick for this shortest time-out; zero means that there is no time-out.
constexpr std::chrono::nanoseconds tick_for(std::chrono::nanoseconds shortest_timeout) noexcept {
  if (shortest_timeout == shortest_timeout.zero()) return longest_tick;
  return std::clamp(shortest_timeout / ticks_per_timeout, shortest_tick, longest_tick);
}

/// The tick of a stopping server: shorter, so that shutdown is quick. It also bounds the delay when the sync server
/// misses a wake-up signal that came just before the system call.
inline constexpr std::chrono::nanoseconds stopping_tick = 5ms;

/// Threads of an async server or a sync pool.
inline constexpr unsigned max_threads = 1024;
inline constexpr unsigned default_pool_threads = 10;

/// Exchanges that the async client has under way at once.
inline constexpr std::size_t default_max_in_flight = 1000;

inline constexpr std::uint16_t default_port = 6789;

} // namespace revecho::limits
