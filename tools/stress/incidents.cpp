#include "tools/stress/incidents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace revecho::stress {

std::string_view to_string(fault f) noexcept {
  switch (f) {
  case fault::unchanged:
    return "echoed unchanged";
  case fault::cut_short:
    return "short";
  case fault::extra_bytes:
    return "extra bytes";
  case fault::repeated:
    return "repeated";
  case fault::out_of_order:
    return "out of order";
  case fault::other_connection:
    return "other connection's";
  case fault::corrupt:
    return "corrupt";
  case fault::closed:
    return "connection closed";
  case fault::reset:
    return "connection reset";
  case fault::failed:
    return "connection failed";
  case fault::overtaken:
    return "a later reply came first";
  case fault::no_end:
    return "no end of stream";
  case fault::late:
    return "no reply in time";
  case fault::late_end:
    return "no end of stream in time";
  case fault::refused:
    return "refused";
  case fault::not_connected:
    return "not connected";
  case fault::closed_early:
    return "nothing was owed";
  }
  return "?";
}

std::string_view figure_of(fault f) noexcept {
  if (static_cast<std::size_t>(f) < wrong_kinds) return "wrong";
  if (f <= fault::no_end) return "lost";
  if (f <= fault::late_end) return "late";
  if (f <= fault::not_connected) return "connect_failed";
  return "closed_early";
}

std::string words_of(const incident& i) {
  auto text = i.message ? fmt::format("client {} message {}: {}", i.client, *i.message, i.what)
                        : fmt::format("client {}: {}", i.client, i.what);
  if (i.expected.empty()) return text;
  text += fmt::format("\n    expected {}\n    came     {}", i.expected, i.received);
  if (i.kind == fault::other_connection && i.answers)
    text += fmt::format("\n    which answers client {} message {}", i.answers->connection, i.answers->sequence);
  return text;
}

bool incidents::count(fault kind) noexcept {
  const auto at = static_cast<std::size_t>(kind);
  ++counts_[at];
  if (examples_[at] < most_examples) {
    ++examples_[at];
    return true;
  }
  if (kept_.size() < most_) return true;
  if (most_ > 0) ++left_out_;
  return false;
}

std::vector<const incident*> incidents::examples(fault kind) const {
  const auto most = std::min<std::uint64_t>(most_examples, count_of(kind)); // fewer than kept, after take_back()
  std::vector<const incident*> first;
  for (const auto& each : kept_)
    if (each.kind == kind && first.size() < most) first.push_back(&each);
  return first;
}

void incidents::drop_kept() {
  std::array<std::size_t, fault_kinds> seen{};
  std::erase_if(kept_, [&](const incident& i) { return ++seen[static_cast<std::size_t>(i.kind)] > most_examples; });
  kept_.shrink_to_fit();
}

void incidents::merge(const incidents& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    counts_[i] += other.counts_[i];
  left_out_ += other.left_out_;
  kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
  std::stable_sort(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
}

void connection_ends::add(connection_end one) {
  if (kept_.size() < most_) {
    kept_.push_back(std::move(one));
  } else if (most_ > 0) {
    ++left_out_;
  }
}

void connection_ends::merge(const connection_ends& other) {
  kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
  left_out_ += other.left_out_;
}

} // namespace revecho::stress
