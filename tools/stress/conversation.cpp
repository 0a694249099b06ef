#include "tools/stress/conversation.hpp"

#include "shared/protocol/encoder.hpp"
#include "shared/protocol/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace revecho::stress {
namespace {

// Bytes of frames that are made at once: they take well below a millisecond.
constexpr std::size_t part_size = std::size_t{256} * 1024;

std::string_view to_string(ending how) noexcept {
  switch (how) {
  case ending::closed:
    return "closed";
  case ending::reset:
    return "reset";
  case ending::failed:
    return "failed";
  case ending::late:
    return "late";
  case ending::cut_off:
    return "cut off";
  case ending::interrupted:
    return "interrupted";
  }
  return "?";
}

// Of a message that was owed a reply.
fault fault_of(ending how) noexcept {
  if (how == ending::closed) return fault::closed;
  if (how == ending::reset) return fault::reset;
  return how == ending::late ? fault::late : fault::failed;
}

} // namespace

conversation::conversation(const workload& work, std::uint64_t number, recorder& results, small_histogram* own) noexcept
    : check_(work.framing_kind, work.longest_message()), work_(work), results_(results), number_(number), own_(own) {}

// --- connections -----------------------------------------------------------------------------------------------------

void conversation::begin(std::uint64_t session_size, steady::time_point now, bool due,
    std::optional<std::chrono::nanoseconds> connecting, const connection_path& path) {
  closed_idle_.reset();
  connecting_fails_ = false;
  if (!due) end_interruption(now);
  oldest_.reset();
  behind_.clear();
  first_behind_ = 0;
  unmade_.clear();
  made_ = 0;
  broken_ = half_closed_ = false;
  session_left_ = session_size;
  connecting_ = connecting;
  path_ = path;
  ++results_.seen().connections;
  begun_ = net_reply_ = now;
  first_ = sequence_;
  received_ = 0;
  ended_.reset();
  why_ended_.clear();
}

void conversation::close(std::uint64_t sent, steady::time_point now) {
  if (!results_.ends().is_wanted()) return;
  const bool any = sequence_ > first_;
  results_.ends().add({.at = now,
      .client = number_,
      .path = path_,
      .kind = ended_    ? to_string(*ended_)
              : broken_ ? "given up"
                        : "done",
      .what = why_ended_,
      .message = any ? std::optional(sequence_ - 1) : std::nullopt,
      .messages = sequence_ - first_,
      .sent_bytes = sent,
      .received_bytes = received_,
      .lasted = now - begun_});
}

void conversation::fail_to_begin(steady::time_point before, steady::time_point now, std::string_view reason, fault kind,
    const connection_path& path) {
  broken_ = true;
  results_.count_connect_failed(now - before, std::exchange(connecting_fails_, true));
  if (!down_since_) down_since_ = closed_idle_.value_or(before);
  path_ = path;
  note(kind, now, [&] { return std::string(reason); });
}

// Without --reconnect nobody tries again: the interruption lasts as long as the level does.
void conversation::finish(steady::time_point now) {
  const auto end = results_.times().stop_sending;
  end_interruption(work_.reconnect || end == steady::time_point::max() ? now : std::max(now, end));
}

void conversation::end_interruption(steady::time_point now) {
  if (down_since_) results_.add_interruption(number_, *down_since_, now, lost_while_down_, false);
  down_since_.reset();
  lost_while_down_ = 0;
}

// --- sending ---------------------------------------------------------------------------------------------------------

void conversation::start(steady::time_point intended, steady::time_point now, std::size_t size, std::string& out) {
  const payload message(number_, sequence_, size);
  if (size <= part_size && unmade_.empty()) {
    append_frame(out, work_.framing_kind, message);
  } else {
    unmade_.push_back(message);
  }
  const flight started{intended, now, sequence_++, size, std::max(intended, net_reply_)};
  --session_left_;
  if (oldest_) {
    behind_.push_back(started);
  } else {
    oldest_ = started;
    expected_ = message;
    check_.expect(expected_);
  }
  results_.count_sent(intended, now);
}

void conversation::append_more(std::string& out) {
  const auto& message = unmade_.front();
  append_part_of_frame(out, work_.framing_kind, message, made_, part_size);
  made_ += part_size;
  if (made_ < frame_size(work_.framing_kind, message)) return;
  unmade_.erase(unmade_.begin());
  made_ = 0;
}

// --- receiving -------------------------------------------------------------------------------------------------------

std::size_t conversation::receive(std::span<const char> bytes, steady::time_point now) {
  received_ += bytes.size();
  while (!bytes.empty() && !broken_) {
    if (!oldest_) {
      receive_unasked(bytes, now);
      continue;
    }
    const verdict v = check_.receive(bytes);
    if (v == verdict::pending) break;
    broken_ = v != verdict::verified && !check_.is_delimited(); // nothing tells where the next reply begins
    complete(v, now);
    if (broken_ && oldest_) lose_all(ending::failed, "the wrong reply before it has no end", now);
  }
  return std::exchange(answers_, 0);
}

// A reply while none is owed: the last one again, one that was given up because a later one came first, or anything.
void conversation::receive_unasked(std::span<const char>& bytes, steady::time_point now) {
  const auto came = bytes;
  verifier last(work_.framing_kind, work_.longest_message());
  last.expect(expected_);
  const verdict v = sequence_ > 0 ? last.receive(bytes) : verdict::pending;
  const auto judged = judge_unasked(v, last, number_, skipped_);
  if (judged.was_skipped) results_.count_found();
  look_for_signs(came);
  results_.count_wrong(judged.kind);
  if (results_.faults().count(judged.kind)) {
    auto one = begin_incident(judged.kind, now, {});
    one.received = hex(came, 0);
    one.received_bytes = bytes.empty() || bytes.size() == came.size() ? came.size() : came.size() - bytes.size();
    one.answers = judged.whose;
    one.what = fmt::format(
        "{}: {} {}", describe_wrong(to_string(judged.kind)), one.received, after_last("the reply to message"));
    results_.faults().keep(std::move(one));
  }
  broken_ = v == verdict::pending || (v != verdict::verified && !last.is_delimited());
}

void conversation::complete(verdict v, steady::time_point now) {
  if (v != verdict::verified) {
    complete_wrong(v, now);
    return;
  }
  const flight& f = *oldest_;
  if (results_.count_reply(f.intended, f.sent, std::max(last_reply_, f.sent), now, check_.pieces(), replies_ > 0))
    ++replies_;
  if (work_.nets) net_reply_ = results_.count_net_reply(f.intended, f.ready, f.sent, now);
  if (own_ != nullptr && results_.counts_latency(f.intended))
    own_->record(now - (work_.rate > 0 ? f.intended : f.sent));
  if (connecting_) results_.count_first_reply(*std::exchange(connecting_, std::nullopt), f.intended, now);
  note_silence(now);
  if (down_since_) end_interruption(now);
  last_reply_ = now;
  ++answers_;
  pop_oldest();
}

// Something else came instead of the oldest message's reply; it may be a right one to another message.
void conversation::complete_wrong(verdict v, steady::time_point now) {
  const flight oldest = *oldest_;
  const auto judged = judge_wrong(v, check_.reply(), number_, oldest.sequence, skipped_);
  if (judged.was_skipped) results_.count_found();
  look_for_signs(check_.reply());
  note_wrong(judged, oldest, now);
  const bool later_came = judged.kind == fault::out_of_order && judged.whose->sequence > oldest.sequence;
  if (later_came && judged.whose->sequence < sequence_) skip_to(judged.whose->sequence, now);
  count_wrong(judged.kind, judged.kind != fault::repeated && (judged.kind != fault::out_of_order || later_came));
  if (oldest_ && oldest_->sequence == oldest.sequence) expect_oldest(); // it may still come
}

// The reply to a later message came: those before it are taken for lost.
void conversation::skip_to(std::uint64_t sequence, steady::time_point now) {
  while (oldest_ && oldest_->sequence < sequence) {
    skipped_.add(oldest_->sequence);
    note_missing(fault::overtaken, *oldest_, {}, now);
    results_.count_overtaken(oldest_->intended, oldest_->sent, now);
    pop_oldest();
  }
}

void conversation::count_wrong(fault kind, bool takes_place_of_oldest) {
  results_.count_wrong(kind);
  if (!takes_place_of_oldest || !oldest_) return;
  ++answers_;
  pop_oldest();
}

// The connection lasts, but the oldest message waited, or waits, for long.
void conversation::note_silence(steady::time_point now) {
  const auto since = std::max(last_reply_, oldest_->sent);
  if (!down_since_ && now - since >= work_.shortest_outage) results_.add_interruption(number_, since, now, 0, true);
}

void conversation::pop_oldest() {
  if (first_behind_ == behind_.size()) {
    oldest_.reset();
    return;
  }
  oldest_ = behind_[first_behind_++];
  if (first_behind_ >= work_.pipeline || first_behind_ == behind_.size()) {
    behind_.erase(behind_.begin(), behind_.begin() + static_cast<std::ptrdiff_t>(first_behind_));
    first_behind_ = 0;
  }
  expect_oldest();
}

void conversation::expect_oldest() {
  expected_ = payload(number_, oldest_->sequence, oldest_->size);
  check_.expect(expected_);
}

// --- the end ---------------------------------------------------------------------------------------------------------

// Whatever was under way is late, wrong or lost.
std::size_t conversation::end(ending how, std::string_view reason, steady::time_point now) {
  broken_ = true;
  ended_ = how;
  why_ended_ = reason;
  if (received_ == 0 && how == ending::late) ++results_.seen().silent;
  if (received_ == 0 && (how == ending::closed || how == ending::reset)) ++results_.seen().turned_away;
  if (!oldest_ && !half_closed_ && how != ending::cut_off && how != ending::interrupted) {
    if (work_.reconnect) {
      results_.count_closed_idle();
      closed_idle_ = now;
      return 0;
    }
    results_.count_closed_early();
    note(fault::closed_early, now, [&] {
      return fmt::format("the server ended the connection {}: {}", after_last("message"),
          how == ending::closed ? "end of stream" : reason);
    });
  }
  if (how == ending::closed && oldest_) {
    const verdict v = check_.receive_end();
    const bool ends_reply = work_.framing_kind == framing::eof && check_.received() > 0;
    if (v != verdict::cut_short || ends_reply) complete(v, now);
    if (ends_reply) {
      broken_ = false;
      return std::exchange(answers_, 0);
    }
  }
  if (how == ending::cut_off || how == ending::interrupted) {
    end_unfinished(how == ending::cut_off, now);
  } else {
    lose_all(how, reason, now);
  }
  return std::exchange(answers_, 0);
}

void conversation::end_unfinished(bool counts, steady::time_point now) {
  if (!oldest_) return;
  note_silence(now);
  if (counts) {
    if (connecting_) results_.count_no_first_reply(*connecting_, oldest_->intended, now, {});
    results_.count_unfinished(oldest_->intended, oldest_->sent, now);
    for (std::size_t i = first_behind_; i < behind_.size(); ++i)
      results_.count_unfinished(behind_[i].intended, behind_[i].sent, now);
  }
  oldest_.reset();
  behind_.clear();
  first_behind_ = 0;
}

void conversation::lose_all(ending how, std::string_view reason, steady::time_point now) {
  if (!down_since_) down_since_ = oldest_ ? oldest_->sent : now;
  if (half_closed_ && oldest_) ++results_.seen().failed_after_half_close;
  if (connecting_ && oldest_) results_.count_no_first_reply(*connecting_, oldest_->intended, now, work_.timeout);
  while (oldest_) {
    const flight& f = *oldest_;
    if (check_.is_wrong() && work_.framing_kind != framing::raw) {
      look_for_signs(check_.reply());
      note_wrong({fault::corrupt, {}}, f, now);
      count_wrong(fault::corrupt, true);
    } else {
      note_missing(fault_of(how), f, reason, now);
      if (half_closed_) ++results_.seen().faults_after_half_close;
      results_.count_lost(f.intended, f.sent, now, how == ending::late);
      if (how != ending::late) ++lost_while_down_;
      pop_oldest();
    }
    if (how == ending::late) { // those after it are lost with the connection
      how = ending::failed;
      reason = "an earlier reply was late";
    }
  }
}

void conversation::miss_end(ending how, std::string_view reason, steady::time_point now) {
  ended_ = how;
  why_ended_ = reason;
  ++results_.seen().failed_after_half_close;
  ++results_.seen().faults_after_half_close;
  results_.count_no_end(how == ending::late);
  note(how == ending::late ? fault::late_end : fault::no_end, now,
      [&] { return fmt::format("no end of stream after the last reply: {}", reason); });
}

// "after message 3"
std::string conversation::after_last(std::string_view what) const {
  return sequence_ > 0 ? fmt::format("after {} {}", what, sequence_ - 1) : "before any message";
}

incident conversation::begin_incident(fault kind, steady::time_point now, std::string what) const {
  return {.kind = kind, .at = now, .client = number_, .path = path_, .what = std::move(what)};
}

void conversation::note(fault kind, steady::time_point now, const std::function<std::string()>& words) {
  if (results_.faults().count(kind)) results_.faults().keep(begin_incident(kind, now, words()));
}

// A usual cause may show in what came.
void conversation::look_for_signs(std::span<const char> reply) {
  if (has_proxy_header(reply)) {
    ++results_.seen().proxy_headers;
  } else if (oldest_ && reverses_framing(work_.framing_kind, expected_, reply)) {
    ++results_.seen().reversed_framings;
  }
}

// The reply of check_ came in place of the right one.
void conversation::note_wrong(const judgement& judged, const flight& f, steady::time_point now) {
  if (!results_.faults().count(judged.kind)) return;
  auto one = begin_incident(judged.kind, now, describe_wrong(to_string(judged.kind)));
  one.message = f.sequence;
  one.expected_bytes = check_.expected();
  one.received_bytes = check_.received();
  const auto shown = show_difference(expected_, check_.reply());
  one.expected = shown.expected;
  one.received = shown.received;
  one.answers = judged.whose;
  results_.faults().keep(std::move(one));
}

// The oldest message has no reply.
void conversation::note_missing(fault kind, const flight& f, std::string_view reason, steady::time_point now) {
  if (!results_.faults().count(kind)) return;
  auto one = begin_incident(kind, now, {});
  one.message = f.sequence;
  one.expected_bytes = check_.expected();
  if (kind == fault::overtaken) {
    one.what = "lost: the reply to a later message came first";
  } else {
    one.received_bytes = check_.received();
    one.what = kind == fault::late     ? describe_late(check_, reason)
               : kind == fault::closed ? describe_missing(check_)
                                       : describe_lost(check_, reason);
  }
  results_.faults().keep(std::move(one));
}

} // namespace revecho::stress
