#include "tools/stress/client.hpp"

#include "shared/net/error.hpp"
#include "shared/protocol/encoder.hpp"
#include "shared/protocol/error.hpp"
#include "shared/protocol/reverse.hpp"
#include "tools/stress/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace revecho::stress {
namespace {

using namespace std::chrono_literals;

constexpr auto first_reconnect_pause = 10ms;
constexpr auto longest_reconnect_pause = std::chrono::milliseconds{1s};
constexpr std::size_t shown_bytes = 16;
constexpr std::size_t most_skipped = 10'000; // remembered

// The bytes around `from`, in hex.
std::string hex(std::span<const char> bytes, std::size_t from) {
  const auto part = bytes.subspan(std::min(from, bytes.size()));
  std::string text = from > 0 ? fmt::format("… at {}:", from) : "";
  for (const char byte : part.first(std::min(part.size(), shown_bytes)))
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(byte));
  return text + (part.size() > shown_bytes ? " …" : "");
}

} // namespace

client::client(worker& owner, std::uint64_t number)
    : check_(owner.work().framing_kind),
      owner_(owner),
      number_(number),
      random_(random_bits(owner.seed() + number)()) {}

// --- connections -----------------------------------------------------------------------------------------------------

async::awaitable<void> client::run() {
  auto pause = std::chrono::milliseconds{first_reconnect_pause};
  bool first = true;
  for (bool again = true; again;) {
    co_await connect();
    if (std::exchange(first, false)) {
      owner_.first_connect_ended();
      co_await owner_.wait_for_begin();
    }
    if (!std::exchange(schedule_begun_, true)) begin_schedule(steady::now());
    broken_ = !peer_;
    if (peer_) {
      const auto connected = steady::now();
      owner_.count_connected(1);
      co_await converse();
      owner_.count_connected(-1);
      if (last_reply_ >= connected) pause = first_reconnect_pause; // this outage is a new one
      peer_.reset();
    }
    again = has_more(steady::now()) && (!broken_ || owner_.work().reconnect);
    if (again && broken_) {
      ++owner_.result().reconnects;
      co_await owner_.io().sleep_for(pause);
    }
    pause = broken_ ? std::min(2 * pause, longest_reconnect_pause) : std::chrono::milliseconds{first_reconnect_pause};
    again = again && has_more(steady::now());
  }
  miss_the_rest();
  if (down_since_) owner_.add_outage(*down_since_, steady::now(), 1, lost_while_down_);
}

async::awaitable<void> client::connect() {
  const auto& work = owner_.work();
  const auto before = steady::now();
  std::error_code error;
  auto peer =
      co_await async::connect(owner_.io(), work.to, deadline_after(work.timeout), error, owner_.source_for(number_));
  if (peer) {
    peer_.emplace(std::move(*peer));
    owner_.result().connect.values.record(steady::now() - before);
  } else if (!owner_.is_cut_off()) {
    ++owner_.result().connect_failed;
    owner_.result().connect.values.record(std::max<std::chrono::nanoseconds>(steady::now() - before, work.timeout));
    ++owner_.result().connect.censored;
    owner_.count_error();
    if (!down_since_) down_since_ = before;
    owner_.add_example(fmt::format("client {}: cannot connect to {}: {}", number_, to_string(work.to),
        error == std::errc::address_not_available ? "no free port towards it; use more addresses with --source"
                                                  : error.message()));
  }
}

// Until the session or the level is over, or the connection fails.
async::awaitable<void> client::converse() {
  const auto& work = owner_.work();
  half_closed_ = false;
  written_ = queued_ = 0;
  unsent_.clear();
  oldest_.reset();
  behind_.clear();
  first_behind_ = 0;
  deadline_ = never;
  session_left_ = std::numeric_limits<std::uint64_t>::max();
  if (work.session)
    session_left_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(work.session->draw(random_).count()));
  if (work.framing_kind == framing::eof) session_left_ = 1;

  const auto now = steady::now();
  start_due(now, false);
  if (!is_over(now)) {
    await_more(now);
    co_await conversation_ended_;
  }
  if (!broken_ && (work.half_close || half_closed_)) co_await await_end();
  if (work.close == closing::reset) peer_->reset_on_close();
}

bool client::is_over(steady::time_point now) const {
  return broken_ || (!oldest_ && (session_left_ == 0 || !has_more(now)));
}

// Is nothing more to come on this connection, and the server to know it?
bool client::half_closes_behind(steady::time_point now) const {
  const auto& work = owner_.work();
  const bool ends = session_left_ == 0 || !has_more(now);
  return ends && (work.half_close || work.framing_kind == framing::eof);
}

void client::await_more(steady::time_point now) {
  if (half_closes_behind(now) && unsent_.empty() && !half_closed_) {
    peer_->shutdown_send();
    half_closed_ = true;
  }
  // The server can only answer what it has in full. If that is not even the oldest message, it is not held up by
  // replies that nobody reads either, and what helps is to send.
  awaits_room_ = !unsent_.empty() && (!oldest_ || oldest_->end > written_);
  if (awaits_room_) {
    peer_->call_when_writable(*this, deadline_, async::on_stop::end);
  } else {
    peer_->call_when_readable(*this, deadline_, async::on_stop::end);
  }
}

// Does what can be done now, and then waits again, or lets converse() go on. No coroutine, for speed (see stream).
void client::on_ready(std::error_code error) {
  std::span<const char> input;
  const bool reads = !awaits_room_ && !broken_; // it may have been lost since, in wake()
  if (!error && reads) input = peer_->read_now(error);
  const auto now = steady::now(); // once for everything that a read brings: reading it costs as much as the rest
  if (!error && reads) input.empty() ? lose_connection({}) : receive(input, now);
  if (error == std::errc::interrupted || error == std::errc::operation_would_block) error.clear();
  if (error && !broken_) lose_connection(error);
  if (!unsent_.empty() && !broken_) flush();
  if (!broken_) start_due(now, false);
  if (!is_over(now)) return await_more(now);
  conversation_ended_.resume();
}

// Behind the last reply nothing may come but the end.
async::awaitable<void> client::await_end() {
  if (!half_closed_) peer_->shutdown_send();
  std::error_code error;
  std::span<const char> input =
      co_await peer_->read_some(deadline_after(owner_.work().timeout), async::on_stop::end, error);
  if (!input.empty()) receive_unasked(input);
  if (!error || error == std::errc::operation_canceled) co_return;
  ++(is_deadline(error) ? owner_.result().late : owner_.result().lost);
  owner_.count_error();
  owner_.add_example(
      fmt::format("client {}: no end of the stream behind the last reply: {}", number_, error.message()));
}

// --- sending ---------------------------------------------------------------------------------------------------------

// In an open loop the clients' schedules interleave: client i of n starts at i/rate, and then every n/rate.
void client::begin_schedule(steady::time_point now) {
  const auto& work = owner_.work();
  if (work.rate <= 0) {
    next_start_ = now;
    return;
  }
  const double period = static_cast<double>(owner_.all_clients()) / work.rate * 1e9;
  next_start_ = owner_.begun();
  if (work.arrival == arrivals::even) {
    next_start_ += std::chrono::nanoseconds{
        std::llround(period * static_cast<double>(number_) / static_cast<double>(owner_.all_clients()))};
  } else {
    advance_schedule(now);
  }
  while (work.ramp.count() > 0 && next_start_ < now) // what was due before it was its turn to connect is not its work
    advance_schedule(now);
}

void client::advance_schedule(steady::time_point now) {
  const auto& work = owner_.work();
  if (work.rate <= 0) {
    next_start_ = now;
    return;
  }
  const double period = static_cast<double>(owner_.all_clients()) / work.rate * 1e9;
  const double gap = work.arrival == arrivals::even ? period : -period * std::log1p(-random_.fraction());
  next_start_ += std::chrono::nanoseconds{std::llround(gap)};
}

// Is there any message left for this client, now or later?
bool client::has_more(steady::time_point now) const {
  const auto& work = owner_.work();
  if (owner_.is_cut_off()) return false;
  if (work.messages) return sequence_ < *work.messages;
  if (work.rate <= 0) return std::max(next_start_, now) < owner_.stop_sending();
  // What was due is sent, however late; only when it would have timed out by now it is not.
  return next_start_ < owner_.stop_sending() && now < owner_.stop_sending() + work.timeout;
}

bool client::may_start(steady::time_point now) const {
  return peer_ && !broken_ && !half_closed_ && session_left_ > 0 && in_flight() < owner_.work().pipeline &&
         has_more(now);
}

// Everything that may be under way now, in one call to the kernel.
void client::start_due(steady::time_point now, bool by_schedule) {
  std::string& batch = owner_.scratch();
  batch.clear();
  while (may_start(now) && next_start_ <= now) {
    if (by_schedule) owner_.count_lag(next_start_, now);
    start_one(now, batch);
  }
  if (!batch.empty()) send(batch);
  if (!scheduled_ && may_start(now)) {
    scheduled_ = true;
    owner_.wake_at(*this, next_start_);
  }
}

void client::wake(steady::time_point now) {
  scheduled_ = false;
  if (!peer_ || broken_ || !conversation_ended_.is_awaited())
    return; // also when all is sent, and only the end is waited for
  start_due(now, true);
  peer_->change_deadline(deadline_);
  // Its reader has to do something: write, half-close, or end, if there was no time left to send.
  if (!unsent_.empty() || half_closes_behind(now) || is_over(now)) peer_->interrupt();
}

void client::start_one(steady::time_point now, std::string& batch) {
  const auto& work = owner_.work();
  const auto drawn = static_cast<std::size_t>(std::max<std::int64_t>(work.size.draw(random_).count(), 1));
  const std::size_t size = std::min(drawn, work.max_size);
  const std::size_t before = batch.size();
  append_frame(batch, work.framing_kind, payload(number_, sequence_, size));
  queued_ += batch.size() - before;
  const flight started{work.rate > 0 ? next_start_ : now, now, sequence_, queued_, size};
  ++sequence_;
  --session_left_;
  if (oldest_) {
    behind_.push_back(started);
  } else {
    oldest_ = started;
    owner_.count_owing(1);
    expect_oldest(now);
  }
  owner_.count_sent(started.intended);
  advance_schedule(now);
}

// What the kernel does not take now waits for its turn.
void client::send(std::span<const char> batch) {
  std::error_code error;
  const std::size_t sent = unsent_.empty() ? peer_->send_now(batch, error) : 0;
  written_ += sent;
  unsent_.insert(unsent_.end(), batch.begin() + static_cast<std::ptrdiff_t>(sent), batch.end());
  if (error) fail_to_send(error);
}

void client::flush() {
  std::error_code error;
  const std::size_t sent = peer_->send_now(unsent_, error);
  written_ += sent;
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent));
  if (unsent_.empty()) unsent_ = {};
  if (error) fail_to_send(error);
}

// The connection is lost, but not the replies that have come before. If what comes behind them is the end of the
// stream, then the server has closed the connection, and sending failed for that.
void client::fail_to_send(std::error_code error) {
  while (oldest_ && !broken_ && coarse_clock::now() < deadline_) {
    std::error_code no_more;
    const auto input = peer_->read_now(no_more);
    if (input.empty() && !no_more && error == std::errc::broken_pipe) error.clear();
    if (input.empty()) break;
    receive(input, steady::now());
  }
  if (!broken_) lose_connection(error);
}

// --- checking --------------------------------------------------------------------------------------------------------

void client::receive(std::span<const char> bytes, steady::time_point now) {
  while (!bytes.empty() && !broken_) {
    if (!oldest_) {
      receive_unasked(bytes);
      continue;
    }
    const verdict v = check_.receive(bytes);
    if (v == verdict::pending) return;
    complete(v, now);
  }
}

// A reply while none is owed: the last one again, one that was given up because a later one came first, or anything.
void client::receive_unasked(std::span<const char>& bytes) {
  const auto shown = hex(bytes, 0);
  verifier last(owner_.work().framing_kind);
  last.expect(expected_);
  const verdict v = sequence_ > 0 ? last.receive(bytes) : verdict::pending;
  fault kind = v == verdict::verified ? fault::repeated : fault::extra_bytes;
  if (v != verdict::verified && last.is_delimited()) {
    const auto reply = last.reply();
    const auto whose = identify(std::vector<char>(reply.rbegin(), reply.rend()));
    if (whose && whose->connection != number_) kind = fault::other_connection;
    if (whose && whose->connection == number_)
      kind = was_skipped(whose->sequence) ? fault::out_of_order : fault::repeated;
  }
  count_wrong(kind, false);
  owner_.add_example(
      fmt::format("client {}: {}: {} behind the reply to message {}", number_, to_string(kind), shown, sequence_ - 1));
  broken_ = v == verdict::pending || (v != verdict::verified && !last.is_delimited());
}

// If it was given up for lost because a later one came first, it is not lost any more.
bool client::was_skipped(std::uint64_t sequence) {
  if (std::erase(skipped_, sequence) == 0) return false;
  --owner_.result().lost;
  return true;
}

void client::complete(verdict v, steady::time_point now) {
  if (v != verdict::verified) {
    judge_wrong(v, now);
    return;
  }
  const flight& f = *oldest_;
  const bool in_window = owner_.count_reply(f.intended, f.sent, std::max(last_reply_, f.sent), now, check_.pieces());
  if (in_window) ++replies_;
  if (down_since_)
    owner_.add_outage(*std::exchange(down_since_, std::nullopt), now, 1, std::exchange(lost_while_down_, 0));
  last_reply_ = now;
  if (owner_.work().rate <= 0) next_start_ = now + owner_.work().think.draw(random_);
  pop_oldest(now);
}

// What came instead of the oldest message's reply? It may be a right one to another message.
void client::judge_wrong(verdict v, steady::time_point now) {
  const flight oldest = *oldest_;
  const auto reply = check_.reply();
  std::vector<char> message(reply.begin(), reply.end());
  reverse(message);
  std::optional<payload_identity> whose = identify(message);
  for (std::uint64_t back = 1; !whose && back <= std::min<std::uint64_t>(oldest.sequence, 4); ++back)
    if (is_payload(message, number_, oldest.sequence - back)) whose = {number_, oldest.sequence - back};

  fault kind = fault::corrupt;
  if (v == verdict::unchanged) kind = fault::unchanged;
  if (v == verdict::cut_short) kind = fault::cut_short;
  if (v == verdict::extra) kind = fault::extra_bytes;
  if (v == verdict::corrupt && whose && whose->connection != number_) kind = fault::other_connection;
  if (v == verdict::corrupt && whose && whose->connection == number_) {
    const bool misplaced = whose->sequence > oldest.sequence || was_skipped(whose->sequence);
    kind = misplaced ? fault::out_of_order : fault::repeated;
  }

  payload(number_, oldest.sequence, oldest.size).copy(0, message = std::vector<char>(oldest.size));
  reverse(message);
  const auto differs = static_cast<std::size_t>(
      std::mismatch(message.begin(), message.end(), reply.begin(), reply.end()).first - message.begin());
  const std::size_t from = differs < shown_bytes ? 0 : differs - shown_bytes / 2;
  auto text =
      fmt::format("{}\n    expected {}\n    came     {}", to_string(kind), hex(message, from), hex(reply, from));
  if (kind == fault::other_connection)
    text += fmt::format("\n    which answers client {} message {}", whose->connection, whose->sequence);
  owner_.add_example(describe(oldest, text));

  const bool later_came = kind == fault::out_of_order && whose->sequence > oldest.sequence;
  if (later_came && whose->sequence < sequence_) { // those before it are taken for lost
    if (skipped_.size() > most_skipped) skipped_.clear();
    while (oldest_ && oldest_->sequence < whose->sequence) {
      skipped_.push_back(oldest_->sequence);
      owner_.count_lost(oldest_->intended, oldest_->sent, false);
      pop_oldest(now);
    }
  }
  count_wrong(kind, kind != fault::repeated && (kind != fault::out_of_order || later_came));
  if (oldest_ && oldest_->sequence == oldest.sequence) expect_oldest(now); // it may still come
}

void client::count_wrong(fault kind, bool takes_place_of_oldest) {
  ++owner_.result().wrong[static_cast<std::size_t>(kind)];
  owner_.count_error();
  if (!takes_place_of_oldest || !oldest_) return;
  if (owner_.work().rate <= 0) next_start_ = steady::now() + owner_.work().think.draw(random_);
  pop_oldest(steady::now());
}

void client::pop_oldest(steady::time_point now) {
  if (first_behind_ == behind_.size()) {
    oldest_.reset();
    deadline_ = never;
    owner_.count_owing(-1);
    return;
  }
  oldest_ = behind_[first_behind_++];
  if (first_behind_ >= owner_.work().pipeline || first_behind_ == behind_.size()) {
    behind_.erase(behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(first_behind_));
    first_behind_ = 0;
  }
  expect_oldest(now);
}

void client::expect_oldest(steady::time_point now) {
  const flight& f = *oldest_;
  expected_ = payload(number_, f.sequence, f.size);
  check_.expect(expected_);
  const auto left = owner_.work().timeout - (now - f.sent);
  deadline_ = deadline_after(std::max<std::chrono::nanoseconds>(left, 1ns));
}

// The stream has ended (no error), or failed. Whatever was under way is late, wrong or lost.
void client::lose_connection(std::error_code error) {
  broken_ = true;
  const bool interrupted = error == std::errc::operation_canceled;
  if (!error && oldest_) {
    const verdict v = check_.receive_end();
    const bool ends_reply = owner_.work().framing_kind == framing::eof && check_.received() > 0;
    if (v != verdict::cut_short || ends_reply) complete(v, steady::now());
    if (ends_reply) {
      broken_ = false;
      return;
    }
  }
  if (interrupted) {
    if (oldest_) owner_.count_owing(-1);
    if (oldest_ && !owner_.is_interrupted()) {
      owner_.count_unfinished(oldest_->intended, oldest_->sent);
      for (std::size_t i = first_behind_; i < behind_.size(); ++i)
        owner_.count_unfinished(behind_[i].intended, behind_[i].sent);
    }
    oldest_.reset();
    behind_.clear();
    first_behind_ = 0;
    return;
  }
  if (!oldest_ && !half_closed_) {
    ++owner_.result().closed_early;
    owner_.count_error();
    owner_.add_example(fmt::format("client {}: the server ended the connection behind message {}: {}", number_,
        sequence_ - 1, error ? error.message() : "end of stream"));
  }
  if (!down_since_) down_since_ = oldest_ ? oldest_->sent : steady::now();
  bool late = is_deadline(error);
  while (oldest_) {
    const flight& f = *oldest_;
    const auto progress = fmt::format("after {} of {} bytes of its reply", check_.received(), check_.expected());
    if (check_.is_wrong() && owner_.work().framing_kind != framing::raw) {
      owner_.add_example(
          describe(f, fmt::format("corrupt, and {} {}", error ? error.message() : "end of stream", progress)));
      count_wrong(fault::corrupt, true);
    } else {
      owner_.add_example(describe(f, fmt::format("{} {}",
                                         late    ? "late"
                                         : error ? error.message()
                                                 : "the connection was closed",
                                         progress)));
      owner_.count_lost(f.intended, f.sent, late);
      pop_oldest(steady::now());
    }
    ++lost_while_down_;
    late = false; // those behind it are lost with the connection
  }
}

// Open loop: what was due in the window and is never sent counts, as something that took at least the time-out.
void client::miss_the_rest() {
  const auto& work = owner_.work();
  if (work.rate <= 0 || work.messages || owner_.is_interrupted()) return;
  const auto now = steady::now();
  for (; next_start_ < owner_.window_end(); advance_schedule(now))
    owner_.count_missed(next_start_, now);
}

std::string client::describe(const flight& f, std::string_view what) const {
  return fmt::format("client {} message {}: {}", number_, f.sequence, what);
}

} // namespace revecho::stress
