#include "tests/support/chunked_flow.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <sys/socket.h>

namespace revecho::test {
namespace {

using namespace std::chrono_literals;

bool would_block() { return errno == EAGAIN || errno == EINTR; }

} // namespace

chunked_flow::time_point chunked_flow::due() const noexcept {
  const bool has_work = !bytes_.empty() || (input_ended_ && !output_ended_);
  return has_work && !blocked_ ? next_ : time_point::max();
}

chunked_flow::state chunked_flow::take_in(int from) {
  std::array<char, capacity> place;
  const auto count = ::recv(from, place.data(), capacity - bytes_.size(), 0);
  if (count < 0) return would_block() ? state::good : state::failed;
  if (bytes_.empty()) draw_pause(std::chrono::steady_clock::now());
  if (count == 0) {
    input_ended_ = true;
    return state::good;
  }
  bytes_.append(place.data(), static_cast<std::size_t>(count));
  read_ends_.push_back(passed_ + bytes_.size());
  return state::good;
}

// Bytes that come meanwhile are joined to those there are; those sent before have been read by then.
void chunked_flow::draw_pause(time_point from) {
  std::uniform_int_distribution<int> microseconds(-3500, 500); // seven times of eight none
  next_ = from + std::max(0us, std::chrono::microseconds(microseconds(random_)));
}

chunked_flow::state chunked_flow::pass_on(int to, time_point now, std::uint64_t most, traffic& counts) {
  blocked_ = false;
  const auto limit = passed_ + most;
  while (!bytes_.empty() && next_ <= now && passed_ < limit) {
    // Evenly distributed logarithms: single bytes are as likely as all there is, and a megabyte takes few pieces.
    const double all = static_cast<double>(bytes_.size());
    const double drawn = std::pow(all * 2, std::uniform_real_distribution<double>(0, 1)(random_));
    const auto size = static_cast<std::size_t>(std::min(drawn, all));
    if (!send_piece(to, static_cast<std::size_t>(std::min<std::uint64_t>(size, limit - passed_)), counts)) {
      if (!would_block()) return state::failed;
      blocked_ = true;
      return state::good;
    }
    draw_pause(now);
  }
  if (bytes_.empty() && input_ended_ && !output_ended_ && next_ <= now) {
    output_ended_ = true;
    ::shutdown(to, SHUT_WR);
  }
  return state::good;
}

bool chunked_flow::send_piece(int to, std::size_t size, traffic& counts) {
  const auto count = ::send(to, bytes_.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0) return false;
  bytes_.erase(0, static_cast<std::size_t>(count));
  passed_ += static_cast<std::uint64_t>(count);
  counts.bytes += static_cast<std::uint64_t>(count);
  if (read_ends_.front() < passed_) ++counts.joins;
  while (!read_ends_.empty() && read_ends_.front() < passed_)
    read_ends_.pop_front();
  if (read_ends_.front() > passed_) {
    ++counts.slices;
  } else {
    read_ends_.pop_front();
  }
  return true;
}

void chunked_flow::flush(int to) {
  if (bytes_.empty()) return;
  static_cast<void>(::send(to, bytes_.data(), bytes_.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

} // namespace revecho::test
