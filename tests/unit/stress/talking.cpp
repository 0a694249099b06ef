#include "tests/unit/stress/talking.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace revecho::stress {

std::string message_of(std::uint64_t client, std::uint64_t sequence, std::size_t size) {
  std::string message(size, '\0');
  payload(client, sequence, size).copy(0, message);
  return message;
}

std::string frame_of(framing f, std::string message) {
  std::string frame;
  append_frame(frame, f, message);
  return frame;
}

std::string reply_to(framing f, std::uint64_t client, std::uint64_t sequence, std::size_t size) {
  auto message = message_of(client, sequence, size);
  std::reverse(message.begin(), message.end());
  return frame_of(f, message);
}

talk::talk(workload kind) : work(std::move(kind)) {
  results.begin(level_times(work, start_of_level));
  client.begin(unlimited, now, true);
}

void talk::say(std::size_t size, std::size_t count) {
  std::string batch;
  for (; count > 0 && client.may_start(); --count)
    client.start(now, now, size, batch);
  said += batch;
}

std::size_t talk::hear(const revecho::testing::pieces& pieces) {
  std::size_t answers = 0;
  for (const auto& piece : pieces)
    answers += hear(piece);
  return answers;
}

std::vector<std::string> talk::examples() {
  std::vector<std::string> all;
  for (const auto& each : result().faults.kept())
    all.push_back(words_of(each));
  return all;
}

std::string talk::outcome() {
  std::string text;
  const auto add = [&text](std::string_view what, std::uint64_t count) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::string(what) + ' ' + std::to_string(count);
  };
  const auto& r = result();
  add("verified", r.verified);
  for (std::size_t i = 0; i < wrong_kinds; ++i)
    add(to_string(static_cast<fault>(i)), r.wrong[i]);
  add("lost", r.lost);
  add("late", r.late);
  add("closed early", r.closed_early);
  add("split", r.split_replies);
  return text;
}

void check_every_way(const workload& work, const std::function<void(talk&)>& before, const std::string& bytes,
    const std::string& outcome, const std::function<void(talk&)>& after) {
  const auto check = [&](const revecho::testing::pieces& pieces) {
    talk t(work);
    before(t);
    t.hear(pieces);
    if (after) after(t);
    CAPTURE(to_string(work.framing_kind), pieces.size(), pieces.front().size());
    CHECK(t.outcome() == outcome);
  };
  check(revecho::testing::whole(bytes));
  check(revecho::testing::byte_by_byte(bytes));
  for (const auto& pieces : revecho::testing::every_split(bytes))
    check(pieces);
}

} // namespace revecho::stress
