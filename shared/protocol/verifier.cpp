#include "shared/protocol/verifier.hpp"

#include "shared/protocol/reverse.hpp"
#include "shared/protocol/tiling.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace revecho {
namespace {

constexpr std::size_t compared_at_once = 512; // bytes on the stack

std::size_t prefix_size(framing f) noexcept { return f == framing::length ? length_size : 0; }
std::size_t suffix_size(framing f) noexcept { return f == framing::line ? 1 : 0; }

bool same(std::span<const char> a, std::span<const char> b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

std::size_t length_in(std::span<const char> prefix) noexcept {
  std::size_t length = 0;
  for (const char byte : prefix.first(length_size))
    length = length << 8 | static_cast<unsigned char>(byte);
  return length;
}

} // namespace

std::string_view to_string(verdict v) noexcept {
  switch (v) {
  case verdict::pending:
    return "incomplete";
  case verdict::verified:
    return "verified";
  case verdict::unchanged:
    return "echoed unchanged";
  case verdict::cut_short:
    return "short";
  case verdict::extra:
    return "extra bytes";
  case verdict::corrupt:
    return "corrupt";
  }
  return "?";
}

void verifier::expect(const message_source& message) {
  message_ = &message;
  received_ = 0;
  pieces_ = 1;
  if (!collected_.empty()) collected_ = std::vector<char>();
  diverged_ = delimited_ = false;
}

std::size_t verifier::expected() const noexcept {
  return prefix_size(framing_) + message_->size() + suffix_size(framing_);
}

verdict verifier::receive(std::span<const char>& bytes) {
  if (!diverged_) {
    const std::size_t room = expected() - received_;
    const std::size_t good = count_matching(bytes.first(std::min(bytes.size(), room)));
    received_ += good;
    bytes = bytes.subspan(good);
    if (received_ == expected() && (framing_ != framing::eof || bytes.empty()))
      return framing_ == framing::eof ? verdict::pending : verdict::verified;
    if (bytes.empty()) return verdict::pending;
    diverged_ = true;
    collected_.resize(received_);
    copy_expected(0, collected_);
  }
  bytes = bytes.subspan(collect(bytes.first(std::min(bytes.size(), most_collected() - collected_.size()))));
  return delimited_ || collected_.size() == most_collected() ? judge() : verdict::pending;
}

verdict verifier::receive_end() {
  if (!diverged_ && framing_ == framing::eof && received_ == expected()) return verdict::verified;
  if (!diverged_) return verdict::cut_short;
  if (framing_ == framing::raw) return verdict::cut_short;
  delimited_ = framing_ == framing::eof;
  return delimited_ ? judge() : verdict::corrupt;
}

std::span<const char> verifier::reply() {
  if (!diverged_ && collected_.empty()) {
    collected_.resize(received_);
    copy_expected(0, collected_);
  }
  const std::span<const char> wire = collected_;
  const std::size_t before = std::min(prefix_size(framing_), wire.size());
  const bool has_suffix = framing_ == framing::line && !wire.empty() && wire.back() == '\n';
  return wire.subspan(before, wire.size() - before - (has_suffix ? 1 : 0));
}

// The reply on the wire: the message's framing around the message read backwards.
void verifier::copy_expected(std::size_t offset, std::span<char> to) const noexcept {
  const std::size_t size = message_->size();
  const std::size_t before = prefix_size(framing_);
  for (; offset < before && !to.empty(); ++offset, to = to.subspan(1))
    to[0] = static_cast<char>(static_cast<unsigned char>(size >> (8 * (before - 1 - offset))));
  const std::size_t body = offset < before + size ? std::min(to.size(), before + size - offset) : 0;
  if (body > 0) {
    message_->copy(size - (offset - before) - body, to.first(body));
    reverse(to.first(body));
    to = to.subspan(body);
  }
  if (!to.empty()) to[0] = '\n';
}

std::size_t verifier::count_matching(std::span<const char> bytes) const noexcept {
  std::array<char, compared_at_once> buffer;
  for (std::size_t done = 0; done < bytes.size();) {
    const auto right = std::span(buffer).first(std::min(buffer.size(), bytes.size() - done));
    copy_expected(received_ + done, right);
    const auto came = bytes.subspan(done, right.size());
    if (!same(came, right))
      return done +
             static_cast<std::size_t>(std::mismatch(came.begin(), came.end(), right.begin()).first - came.begin());
    done += right.size();
  }
  return bytes.size();
}

std::size_t verifier::most_collected() const noexcept {
  return prefix_size(framing_) + std::max(message_->size(), longest_message_) + suffix_size(framing_) + most_extra;
}

// Takes what belongs to the wrong reply, as far as its own framing tells; returns how many bytes that was.
std::size_t verifier::collect(std::span<const char> bytes) {
  const std::size_t before = collected_.size();
  const auto take = [&](std::size_t count) {
    collected_.insert(collected_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
  };
  switch (framing_) {
  case framing::raw:
    take(std::min(bytes.size(), expected() - collected_.size()));
    delimited_ = collected_.size() == expected();
    break;
  case framing::line: {
    const auto newline = std::find(bytes.begin(), bytes.end(), '\n');
    delimited_ = newline != bytes.end();
    take(static_cast<std::size_t>(newline - bytes.begin()) + (delimited_ ? 1 : 0));
    break;
  }
  case framing::length: {
    if (collected_.size() < length_size) take(std::min(bytes.size(), length_size - collected_.size()));
    if (collected_.size() < length_size) break;
    const std::size_t end = length_size + length_in(collected_);
    if (end > collected_.size()) take(std::min(bytes.size(), end - collected_.size()));
    delimited_ = collected_.size() >= end;
    break;
  }
  case framing::eof:
    take(bytes.size());
    break;
  }
  return collected_.size() - before;
}

// Compares no more of the message than the reply has bytes: a short wrong reply to a long message costs little.
verdict verifier::judge() {
  const auto came = reply();
  const std::size_t size = message_->size();
  const std::size_t compared = std::min(came.size(), size);
  std::vector<char> part(compared);
  if (came.size() == size) {
    message_->copy(0, part);
    if (same(came, part)) return verdict::unchanged; // in raw also what a server would send that read bytewise
    if (framing_ == framing::raw) {
      pieces_ = count_pieces(part, came);
      return pieces_ > 0 ? verdict::verified : verdict::corrupt;
    }
  }
  message_->copy(size - compared, part);
  reverse(part);
  if (!same(came.first(compared), part)) return verdict::corrupt;
  return came.size() < size ? verdict::cut_short : verdict::extra;
}

} // namespace revecho
