#include "tools/stress/target.hpp"

#include "shared/process/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace revecho::stress {
namespace {

// Between two look-ups: a thousand clients that have lost their server must not make a load on the name servers.
constexpr auto shortest_pause = std::chrono::seconds{1};

} // namespace

void target::resolve(std::chrono::nanoseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    if (!addresses_->empty() || interrupted_) return;
    begun_ = clock::now();
    lookup_.emplace(to_);
  }
  lookup_->wait_until(deadline_after(timeout)); // only this function and resolve_again() replace it
  const std::lock_guard lock(mutex_);
  if (const auto error = take_result(); error && !interrupted_)
    throw std::runtime_error(fmt::format("cannot connect to {}: {}", to_string(to_), error.message()));
}

void target::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (lookup_) lookup_->abandon();
}

std::shared_ptr<const std::vector<socket_address>> target::addresses() {
  const std::lock_guard lock(mutex_);
  if (lookup_ && lookup_->has_ended()) take_result();
  return addresses_;
}

void target::resolve_again() {
  const std::lock_guard lock(mutex_);
  const auto now = clock::now();
  if ((lookup_ && !lookup_->has_ended()) || now - begun_ < shortest_pause) return;
  if (lookup_) take_result();
  if (figures_.lookups == 0) return; // an address
  begun_ = now;
  try {
    lookup_.emplace(to_);
  } catch (const std::system_error&) { // no thread for it now
    ++figures_.lookups;
    ++figures_.failed;
  }
}

name_resolution target::figures() {
  const std::lock_guard lock(mutex_);
  if (lookup_ && lookup_->has_ended()) take_result();
  auto result = figures_;
  result.name = to_;
  result.addresses = *addresses_;
  return result;
}

std::vector<std::shared_ptr<target>> target::one_for_each_address() {
  std::vector<std::shared_ptr<target>> all;
  for (const auto& address : *addresses()) {
    all.push_back(std::make_shared<target>(address.to_endpoint()));
    all.back()->resolve({});
  }
  return all;
}

// A look-up that fails changes nothing: the server may still be where it was.
std::error_code target::take_result() {
  std::error_code error;
  auto found = lookup_->take(error);
  const auto duration = lookup_->duration();
  lookup_.reset();
  const bool is_address = duration == duration.zero() && !error;
  if (!is_address) ++figures_.lookups;
  if (error) ++figures_.failed;
  figures_.longest = std::max(figures_.longest, duration);
  if (!error) addresses_ = std::make_shared<std::vector<socket_address>>(std::move(found));
  return error;
}

} // namespace revecho::stress
