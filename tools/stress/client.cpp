#include "tools/stress/client.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/process/format.hpp"
#include "tools/stress/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace revecho::stress {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_own_histograms = 10'000; // a kilobyte each
// A connection that lasted for so long, or brought a reply, shows that the path works: the next one is tried at once.
constexpr auto lasting = 50ms;
constexpr std::size_t tries_in_a_row = 64; // to find a port that is free

proxy_address to_proxy_address(const socket_address& from) noexcept { return {from.host_bytes(), from.port()}; }

std::string proxy_header_of(const async::stream& peer, proxy_version version, std::error_code& error) {
  std::string header;
  const auto source = peer.local_address(error);
  if (!error) append_proxy_header(header, version, to_proxy_address(source), to_proxy_address(peer.remote_address()));
  return header;
}

// Ports of all addresses.
std::size_t port_count_of(const workload& work) noexcept {
  return work.source_ports->size() * std::max<std::size_t>(work.sources.size(), 1);
}

bool is_port_taken(std::error_code error) noexcept {
  return error == std::errc::address_in_use || error == std::errc::address_not_available;
}

std::string why_not_connected(std::error_code error, const workload& work) {
  if (work.source_ports && is_port_taken(error))
    return "all of --source-ports are in use, or were less than a minute ago (TIME_WAIT); widen the range, use more "
           "addresses with --source, or --close reset";
  if (work.source_ports && error == std::errc::permission_denied)
    return "ports below 1024 need privileges; choose higher --source-ports";
  if (error == std::errc::address_not_available) return "no free port towards it; use more addresses with --source";
  if (error == std::errc::address_family_not_supported && !work.sources.empty())
    return "--source has an address of the other family (IPv4, IPv6)";
  return error.message();
}

// Without the address of this side if the system does not tell it, or it has none.
connection_path path_of(const async::stream& peer) {
  std::error_code error;
  const auto local = peer.local_address(error);
  const bool is_known = !error && !local.is_unix();
  return {.local = is_known ? std::optional(local) : std::nullopt, .remote = peer.remote_address()};
}

bool is_reset(std::error_code error) { return error == std::errc::connection_reset || error == std::errc::broken_pipe; }

} // namespace

client::client(worker& owner, std::uint64_t number, target& to, recorder& results)
    : own_(owner.all_clients() <= most_own_histograms ? std::make_unique<small_histogram>() : nullptr),
      talk_(owner.work(), number, results, own_.get()),
      schedule_(owner.work(), results.times(), number, owner.all_clients(), owner.seed()),
      owner_(owner),
      to_(to),
      results_(results),
      number_(number) {}

// --- connections -----------------------------------------------------------------------------------------------------

async::awaitable<void> client::run() {
  random_bits pauses(owner_.seed() + number_);
  bool first = true;
  bool failed = false;            // the last connection, or attempt to make one
  auto reachable = steady::now(); // last
  for (bool again = true; again;) {
    co_await connect();
    if (std::exchange(first, false)) {
      owner_.first_connect_ended();
      co_await owner_.wait_for_begin();
      if (!owner_.is_cut_off()) schedule_.begin(steady::now());
    }
    failed = !peer_;
    bool worked = false;
    if (peer_) {
      const auto connected = steady::now();
      results_.count_connected(1);
      co_await converse();
      results_.count_connected(-1);
      failed = talk_.is_broken();
      reachable = steady::now();
      talk_.close(sent_, reachable);
      worked = talk_.last_reply() >= connected || reachable - connected >= lasting;
      peer_.reset();
    }
    again = has_more(steady::now()) && (!failed || (owner_.work().reconnect && !gives_up(reachable, steady::now())));
    if (again && failed) {
      results_.count_reconnect();
      to_.resolve_again();
      if (!worked) co_await owner_.pause(owner_.work().reconnect_pause.draw(pauses));
    }
    again = again && has_more(steady::now());
  }
  const auto now = steady::now();
  if (failed && has_more(now)) results_.count_gone(now);
  miss_the_rest(now, failed ? reachable : steady::time_point::max());
  talk_.finish(now);
}

// A number of messages has no end by itself if nobody takes a connection.
bool client::gives_up(steady::time_point reachable, steady::time_point now) const {
  const auto& work = owner_.work();
  return work.messages && now - reachable >= work.timeout;
}

async::awaitable<void> client::connect() {
  const auto& work = owner_.work();
  const auto addresses = to_.addresses();
  const auto before = steady::now();
  const auto deadline = deadline_after(work.timeout);
  std::error_code error;
  auto turn = work.source_ports ? to_.take_turn() : number_ / owner_.target_count();
  for (std::size_t left = work.source_ports ? port_count_of(work) : 1; left > 0; --left) {
    if (left % tries_in_a_row == 0) co_await owner_.pause(1ms); // the other clients have their turn
    if (owner_.is_cut_off() || (error && coarse_clock::now() >= deadline)) break;
    auto peer = co_await async::connect_to_first(owner_.io(), *addresses, deadline, error, owner_.source_for(turn++));
    if (peer) peer_.emplace(std::move(*peer));
    if (peer_ || !is_port_taken(error)) break;
  }
  const auto now = steady::now();
  results_.notice(now);
  if (peer_ && work.send_proxy) {
    header_ = proxy_header_of(*peer_, *work.send_proxy, error);
    if (error) peer_.reset();
  }
  if (peer_) {
    if (work.asks_for_arrivals()) peer_->stamp_arrivals(); // if that fails, reads get no stamps
    connecting_ = results_.stood_still_since(before) ? std::nullopt : std::optional(now - before);
    if (connecting_) results_.count_connect(*connecting_);
  } else if (!owner_.is_cut_off()) {
    talk_.fail_to_begin(before, now,
        fmt::format("cannot connect to {}: {}", to_string(to_.name()), why_not_connected(error, work)),
        error == std::errc::connection_refused ? fault::refused : fault::not_connected,
        {.remote = addresses->size() == 1 ? std::optional(addresses->front()) : std::nullopt});
  }
}

// Until the session or the level is over, or the connection fails.
async::awaitable<void> client::converse() {
  const auto& work = owner_.work();
  unsent_.clear();
  flushed_ = 0;
  sent_ = 0;
  const auto now = steady::now();
  talk_.begin(
      schedule_.draw_session_size(), now, has_more(now) && schedule_.next() <= now, connecting_, path_of(*peer_));
  start_due(now, false, header_);
  if (!talk_.is_over(has_more(now))) {
    await_more(now);
    co_await conversation_ended_;
  }
  if (!talk_.is_broken() && (work.half_close || talk_.is_half_closed())) co_await await_end();
  if (work.close == closing::reset) peer_->reset_on_close();
}

// After the last reply only the end of stream may follow.
async::awaitable<void> client::await_end() {
  if (!talk_.is_half_closed()) {
    peer_->shutdown_send();
    talk_.half_close();
  }
  std::error_code error;
  std::span<const char> input;
  const auto since = steady::now();
  do
    input = co_await peer_->read_some(deadline_after(owner_.work().timeout), async::on_stop::end, error);
  while (is_deadline(error) && !is_late(since));
  if (!input.empty()) receive(input, steady::now());
  if (error && error != std::errc::operation_canceled)
    talk_.miss_end(is_deadline(error) ? ending::late : ending::failed, error.message(), steady::now());
}

void client::await_more(steady::time_point now) {
  const bool all_sent = unsent_.empty() && !talk_.has_unmade();
  if (talk_.wants_half_close(has_more(now)) && all_sent) {
    peer_->shutdown_send();
    talk_.half_close();
  }
  if (all_sent) return peer_->call_when_readable(*this, deadline(), async::on_stop::end);
  // A server may wait for its replies to be read before it reads on: if this side only sent, both would wait for ever.
  peer_->call_when_ready(*this, deadline(), async::on_stop::end);
}

// Does what can be done now, and then waits again, or lets converse() go on. No coroutine, for speed (see stream).
void client::on_ready(std::error_code error) {
  if (is_deadline(error) && !is_late(*talk_.deadline() - owner_.work().timeout))
    error.clear(); // the next tick asks again
  std::span<const char> input;
  const bool reads = !talk_.is_broken(); // it may have been lost since, in wake()
  const bool asks = owner_.wants_stamp();
  std::optional<std::chrono::nanoseconds> lay_for;
  if (!error && reads) input = asks ? peer_->read_now(error, lay_for) : peer_->read_now(error);
  const auto now = steady::now(); // once for everything that a read brings: reading it costs as much as the rest
  if (asks && !input.empty() && talk_.is_owed()) // before receive() takes the oldest message
    results_.count_unread(lay_for, *talk_.deadline() - owner_.work().timeout, now);
  if (!error && reads) input.empty() ? lose_connection({}, now) : receive(input, now);
  // A peer that sends without a pause never lets the wait for it end in another way.
  if (!error && owner_.is_cut_off() && talk_.is_owed()) error = std::make_error_code(std::errc::operation_canceled);
  if (error == std::errc::interrupted || error == std::errc::operation_would_block) error.clear();
  if (error && !talk_.is_broken()) lose_connection(error, now);
  if (!talk_.is_broken()) flush();
  if (!talk_.is_broken()) start_due(now, false);
  if (!talk_.is_over(has_more(now))) return await_more(now);
  conversation_ended_.resume();
}

// True if a wait since `since` exceeded its deadline. Standstills of the tool do not count toward it.
bool client::is_late(steady::time_point since) {
  const auto now = steady::now();
  results_.notice(now);
  const auto stood_still = results_.stood_still_in(since, now);
  return stood_still == stood_still.zero() || now - since - stood_still >= owner_.work().timeout;
}

void client::receive(std::span<const char> bytes, steady::time_point now) {
  schedule_.think(now, talk_.receive(bytes, now));
}

// The stream has ended (no error), or failed.
void client::lose_connection(std::error_code error, steady::time_point now) {
  ending how = error ? ending::failed : ending::closed;
  if (is_reset(error)) how = ending::reset;
  if (is_deadline(error)) how = ending::late;
  if (error == std::errc::operation_canceled) how = owner_.is_interrupted() ? ending::interrupted : ending::cut_off;
  const auto reason = how == ending::late ? format_duration(owner_.work().timeout) : error.message();
  schedule_.think(now, talk_.end(how, reason, now));
}

// When the engine ends the wait for a reply. Its coarse clock counts from the same moment as the steady one.
time_point client::deadline() const noexcept {
  const auto at = talk_.deadline();
  return at ? time_point{at->time_since_epoch()} : never;
}

// --- sending ---------------------------------------------------------------------------------------------------------

// Is there any message left for this client, now or later?
bool client::has_more(steady::time_point now) const {
  return !owner_.is_cut_off() && schedule_.has_more(now, talk_.started());
}

bool client::may_start(steady::time_point now) const { return peer_ && talk_.may_start() && has_more(now); }

// Everything that may be under way now, and what comes before it, in one call to the kernel; of large messages a part.
void client::start_due(steady::time_point now, bool by_schedule, std::string_view before) {
  std::string& batch = owner_.scratch();
  batch.assign(before);
  while (may_start(now) && schedule_.next() <= now) {
    if (by_schedule) results_.count_lag(schedule_.next(), now);
    talk_.start(schedule_.is_open() ? schedule_.next() : now, now, schedule_.draw_size(), batch);
    schedule_.advance(now);
  }
  // One part in a turn: the other clients have theirs, too.
  if (talk_.has_unmade() && batch.empty() && unsent_.empty()) talk_.append_more(batch);
  if (!batch.empty()) send(batch);
  if (!scheduled_ && may_start(now)) {
    scheduled_ = true;
    owner_.wake_at(*this, schedule_.next());
  }
}

void client::wake(steady::time_point now) {
  scheduled_ = false;
  if (!peer_ || talk_.is_broken() || !conversation_ended_.is_awaited())
    return; // also when all is sent, and only the end is waited for
  start_due(now, true);
  peer_->change_deadline(deadline());
  // Its reader has to do something: write, half-close, or end, if there was no time left to send.
  const bool more = has_more(now);
  if (!unsent_.empty() || talk_.has_unmade() || talk_.wants_half_close(more) || talk_.is_over(more)) peer_->interrupt();
}

// Bytes that the kernel does not take now wait for their turn.
void client::send(std::span<const char> batch) {
  std::error_code error;
  const std::size_t sent = unsent_.empty() ? peer_->send_now(batch, error) : 0;
  sent_ += sent;
  unsent_.insert(unsent_.end(), batch.begin() + static_cast<std::ptrdiff_t>(sent), batch.end());
  if (error) fail_to_send(error);
}

void client::flush() {
  if (unsent_.empty()) return;
  std::error_code error;
  const std::size_t sent = peer_->send_now(std::span<const char>(unsent_).subspan(flushed_), error);
  flushed_ += sent;
  sent_ += sent;
  if (2 * flushed_ >= unsent_.size()) { // seldom enough: what is left has to move
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(std::exchange(flushed_, 0)));
    if (unsent_.empty()) unsent_ = {};
  }
  if (error) fail_to_send(error);
}

// The connection is lost, but not the replies already received. End of stream after them means that the server closed
// the connection, which is why sending failed.
void client::fail_to_send(std::error_code error) {
  auto now = steady::now();
  while (talk_.is_owed() && !talk_.is_broken() && now < talk_.deadline() && !owner_.is_cut_off()) {
    std::error_code no_more;
    const auto input = peer_->read_now(no_more);
    if (input.empty() && !no_more && error == std::errc::broken_pipe) error.clear();
    if (input.empty()) break;
    receive(input, now = steady::now());
  }
  if (!talk_.is_broken()) lose_connection(error, now);
}

// Open loop: what was due in the window and is never sent counts, as something that took at least the time-out.
void client::miss_the_rest(steady::time_point now, steady::time_point gone_since) {
  if (owner_.is_interrupted()) return;
  for (auto missed = schedule_.next_missed(); missed.count > 0; missed = schedule_.next_missed())
    results_.count_missed(missed.last_due, now, missed.count, missed.last_due < gone_since);
}

} // namespace revecho::stress
