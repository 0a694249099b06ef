#include "tools/stress/judgement.hpp"

#include "shared/protocol/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace revecho::stress {
namespace {

constexpr std::size_t shown_bytes = 16;
constexpr std::size_t most_skipped = 10'000;
constexpr std::uint64_t most_back = 4; // messages too small to say which they are may be one of so many

// The sender of this message, read backwards: of any client if it says so, else one of the last of this client.
std::optional<payload_identity> identify_reply(
    std::span<const char> reply, std::uint64_t number, std::uint64_t sequence) {
  const std::vector<char> message(reply.rbegin(), reply.rend());
  if (const auto whose = identify(message)) return whose;
  for (std::uint64_t back = 1; back <= std::min(sequence, most_back); ++back)
    if (is_payload(message, number, sequence - back)) return payload_identity{number, sequence - back};
  return std::nullopt;
}

} // namespace

void skipped_messages::add(std::uint64_t sequence) {
  if (sequences_.size() > most_skipped) sequences_.clear();
  sequences_.push_back(sequence);
}

bool skipped_messages::take(std::uint64_t sequence) { return std::erase(sequences_, sequence) > 0; }

judgement judge_wrong(
    verdict v, std::span<const char> reply, std::uint64_t number, std::uint64_t sequence, skipped_messages& skipped) {
  if (v == verdict::unchanged) return {fault::unchanged, {}};
  if (v == verdict::cut_short) return {fault::cut_short, {}};
  if (v == verdict::extra) return {fault::extra_bytes, {}};
  const auto whose = identify_reply(reply, number, sequence);
  if (!whose) return {fault::corrupt, {}};
  if (whose->connection != number) return {fault::other_connection, whose};
  const bool was_skipped = whose->sequence <= sequence && skipped.take(whose->sequence);
  const bool misplaced = whose->sequence > sequence || was_skipped;
  return {misplaced ? fault::out_of_order : fault::repeated, whose, was_skipped};
}

judgement judge_unasked(verdict v, verifier& check, std::uint64_t number, skipped_messages& skipped) {
  if (v == verdict::verified) return {fault::repeated, {}};
  if (!check.is_delimited()) return {fault::extra_bytes, {}};
  const auto reply = check.reply();
  const auto whose = identify(std::vector<char>(reply.rbegin(), reply.rend()));
  if (!whose) return {fault::extra_bytes, {}};
  if (whose->connection != number) return {fault::other_connection, whose};
  const bool was_skipped = skipped.take(whose->sequence);
  return {was_skipped ? fault::out_of_order : fault::repeated, whose, was_skipped};
}

std::string hex(std::span<const char> bytes, std::size_t from) {
  const auto part = bytes.subspan(std::min(from, bytes.size()));
  std::string text = from > 0 ? fmt::format("… at {}:", from) : "";
  for (const char byte : part.first(std::min(part.size(), shown_bytes)))
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(byte));
  return text + (part.size() > shown_bytes ? " …" : "");
}

difference show_difference(const payload& message, std::span<const char> reply) {
  std::vector<char> right(message.size());
  message.copy(0, right);
  reverse(right);
  const auto differs = static_cast<std::size_t>(
      std::mismatch(right.begin(), right.end(), reply.begin(), reply.end()).first - right.begin());
  const std::size_t from = differs < shown_bytes ? 0 : differs - shown_bytes / 2;
  return {hex(right, from), hex(reply, from)};
}

} // namespace revecho::stress
