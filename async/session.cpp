#include "async/session.hpp"

#include "shared/net/address.hpp"
#include "shared/net/error.hpp"
#include "shared/options/limits.hpp"
#include "shared/process/format.hpp"
#include "shared/protocol/decoder.hpp"
#include "shared/protocol/encoder.hpp"
#include "shared/protocol/error.hpp"
#include "shared/protocol/payload.hpp"
#include "shared/protocol/proxy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace revecho::async {
namespace {

count counter_of(std::error_code error) {
  if (error == protocol_errc::probe) return count::probes;
  if (error == protocol_errc::message_too_long) return count::too_long;
  if (error == protocol_errc::truncated_message) return count::truncated;
  if (error == protocol_errc::no_proxy_header) return count::no_proxy_header;
  if (error == protocol_errc::bad_proxy_header) return count::bad_proxy_header;
  if (error == protocol_errc::long_proxy_header) return count::long_proxy_header;
  if (error == protocol_errc::truncated_proxy_header) return count::truncated_proxy_header;
  if (error == protocol_errc::idle_timeout) return count::idle_timeouts;
  if (error == protocol_errc::message_timeout) return count::message_timeouts;
  if (error == protocol_errc::write_timeout) return count::write_timeouts;
  return count::connection_errors;
}

log_level level_of(std::error_code error) {
  if (error == protocol_errc::probe) return log_level::debug;
  return error.category() == protocol_category() ? log_level::warning : log_level::info;
}

void record(const stream& peer, std::error_code error, service& in) {
  in.counts.add(counter_of(error));
  const auto level = level_of(error);
  if (!in.log.writes(level)) return;
  const auto text = fmt::format("{}: connection ended: {}", peer.peer(), error.message());
  in.log.write(level, text, log_fields{{"peer", peer.peer()}, {"reason", error.message()}});
}

bool takes_one_by_one(const server_options& options) { return options.log_messages || !options.delay.is_zero(); }

// Names a message as the load tool does in its reports, if it is one of its own.
void log_message(const stream& peer, std::span<const char> message, const logger& log) {
  log_fields fields{{"peer", peer.peer()}, {"bytes", message.size()}};
  std::string what;
  if (const auto whose = identify(message)) {
    what = fmt::format("client {} message {}", whose->connection, whose->sequence);
    fields.insert(fields.end(), {{"client", whose->connection}, {"number", whose->sequence}});
  } else {
    const auto begin = escape_bytes(message.first(std::min(message.size(), limits::logged_bytes)));
    what = fmt::format("message \"{}\"", begin);
    fields.emplace_back("begin", begin);
  }
  log.write(log_level::debug, fmt::format("{}: {}, {} B", peer.peer(), what, message.size()), fields);
}

// The peer has ended the connection, gracefully or not.
bool has_left(std::span<const char> input, std::error_code error) {
  return error ? error == std::errc::connection_reset : input.empty();
}

// Learns from the PROXY header who the client is. What came after it is the beginning of the stream. `silent`: nothing
// has come, or only that the proxy connects on its own behalf.
awaitable<void> read_proxy_header(stream& peer, service& in, decoder& messages, bool& silent, std::error_code& error) {
  proxy_header header;
  time_point deadline = deadline_after(in.options.idle_timeout);
  for (bool complete = false; !complete && !error;) {
    const bool idle = !header.has_begun();
    auto input = co_await peer.read_some(deadline, idle ? on_stop::end : on_stop::wait, error);
    if (is_deadline(error)) error = idle ? protocol_errc::idle_timeout : protocol_errc::message_timeout;
    if (idle && has_left(input, error)) error = protocol_errc::probe;
    if (!error && input.empty()) error = protocol_errc::truncated_proxy_header;
    if (error) break;
    in.counts.add(count::bytes_received, input.size());
    if (idle) deadline = deadline_after(in.options.message_timeout);
    complete = header.receive(input);
    if (const auto& client = header.client()) peer.set_peer(socket_address::from_bytes(client->host(), client->port));
    error = header.error();
    silent = header.is_local() && input.empty();
    if (complete) messages.receive(input);
  }
}

// Closing with unread input would reset the connection, and destroy replies that are still on their way.
awaitable<void> linger(stream& peer) {
  peer.shutdown_send();
  const time_point deadline = deadline_after(limits::linger_time);
  std::error_code error;
  for (std::size_t dropped = 0; dropped < limits::linger_bytes;) {
    const auto input = co_await peer.read_some(deadline, on_stop::wait, error);
    if (error || input.empty()) break;
    dropped += input.size();
  }
}

} // namespace

awaitable<void> serve(stream peer, admission place, service& in) {
  decoder messages(in.options.framing_kind, in.options.max_message);
  encoder replies;
  time_point deadline = never;   // of the next read
  bool message_is_timed = false; // deadline is that of the message that is arriving
  bool silent = true;            // nothing has come yet
  bool open = true;
  std::error_code error; // why the connection ends; stays empty when the peer ends it, except for a probe
  try {
    if (in.options.proxy_protocol) co_await read_proxy_header(peer, in, messages, silent, error);
    while (open && !error) {
      const event found = takes_one_by_one(in.options) ? messages.next() : replies.add_all(messages);

      // The next step takes time, so all replies owed go out first, together.
      if (replies.messages() > 0) {
        message_is_timed = false;
        co_await peer.write_all(replies.pending(), deadline_after(in.options.write_timeout), error);
        if (is_deadline(error)) error = protocol_errc::write_timeout;
        if (error) break;
        in.counts.add(count::messages, replies.messages());
        in.counts.add(count::bytes_sent, replies.bytes());
        replies.clear();
      }

      switch (found) {
      case event::message: // one by one only
        if (in.options.log_messages) log_message(peer, messages.current().message, in.log);
        if (!in.options.delay.is_zero()) co_await peer.sleep_for(in.options.delay.draw(place.random()));
        replies.add(messages.current());
        break;
      case event::need_data: {
        messages.release();
        const bool idle = !messages.in_message();
        if (idle) deadline = deadline_after(in.options.idle_timeout);
        if (!idle && !message_is_timed) deadline = deadline_after(in.options.message_timeout);
        message_is_timed = !idle;
        const auto input = co_await peer.read_some(deadline, idle ? on_stop::end : on_stop::wait, error);
        if (is_deadline(error)) error = idle ? protocol_errc::idle_timeout : protocol_errc::message_timeout;
        if (silent && has_left(input, error)) error = protocol_errc::probe;
        if (error) break;
        silent = false;
        in.counts.add(count::bytes_received, input.size());
        input.empty() ? messages.receive_end() : messages.receive(input);
        break;
      }
      case event::end_of_stream:
        open = false;
        break;
      case event::violation:
        error = messages.error();
        break;
      }
    }
  } catch (const std::bad_alloc&) {
    error = std::make_error_code(std::errc::not_enough_memory);
  }

  const bool stopped = error == std::errc::operation_canceled;
  try {
    if (error && !stopped) record(peer, error, in);
    if (stopped || messages.error()) co_await linger(peer);
  } catch (const std::bad_alloc&) { // it has been counted, and ends without a line in the log or a last wait
  }
  if (error != protocol_errc::probe) in.counts.add(count::served);
}

} // namespace revecho::async
