#include "sync/io.hpp"

#include <asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace revecho::sync {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr int wake_signal = SIGURG;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }
std::error_code canceled() noexcept { return std::make_error_code(std::errc::operation_canceled); }
std::error_code timed_out() noexcept { return std::make_error_code(std::errc::timed_out); }

bool is(const std::error_code& error, std::errc condition) noexcept { return error == condition; }

bool would_block(const std::error_code& error) noexcept {
  return is(error, std::errc::operation_would_block) || is(error, std::errc::resource_unavailable_try_again);
}

// The handler does nothing: that a system call returns EINTR is all that is wanted, hence no SA_RESTART.
void install_wake_signal() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(wake_signal, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
}

void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

void make_blocking(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
}

void check(int result) {
  if (result < 0) throw std::system_error(last_error());
}

} // namespace

unique_descriptor& unique_descriptor::operator=(unique_descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

unique_descriptor::~unique_descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// --- waiter ----------------------------------------------------------------------------------------------------------

waiter::waiter(waiter&& other) noexcept : owner_(other.owner_) { assert(!other.linked_); }

waiter::~waiter() {
  if (linked_) owner_->unlink(*this);
}

void waiter::arm(time_point deadline, on_stop when_stopped) {
  if (!linked_) owner_->link(*this);
  on_stop_.store(when_stopped, std::memory_order_relaxed);
  deadline_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
}

std::error_code waiter::reason_to_end() const noexcept {
  if (owner_->aborted()) return canceled();
  const auto deadline = deadline_.load(std::memory_order_relaxed);
  return coarse_clock::now().time_since_epoch().count() >= deadline ? timed_out() : std::error_code{};
}

// --- stream ----------------------------------------------------------------------------------------------------------

stream::stream(context& owner, unique_descriptor socket, tcp::endpoint peer) noexcept
    : waiter(owner), socket_(std::move(socket)), peer_(std::move(peer)) {}

std::span<char> stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(limits::read_buffer);
  for (;;) {
    const bool leaving = owner().stopping() && when_stopped == on_stop::end;
    arm(deadline, when_stopped);
    if (owner().aborted()) {
      disarm();
      error = canceled();
      return {};
    }
    const auto count = ::recv(socket_.get(), buffer_.get(), limits::read_buffer, leaving ? MSG_DONTWAIT : 0);
    error = count < 0 ? last_error() : std::error_code{};
    if (is(error, std::errc::interrupted))
      error = reason_to_end();
    else if (count >= 0) {
      disarm();
      return {buffer_.get(), static_cast<std::size_t>(count)};
    }
    if (error) {
      disarm();
      if (leaving && would_block(error)) error = canceled();
      return {};
    }
  }
}

void stream::write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) {
  std::array<iovec, 2> rest{};
  assert(pieces.size() <= rest.size());
  std::transform(pieces.begin(), pieces.end(), rest.begin(), [](std::span<const char> piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  });
  msghdr message{};
  message.msg_iov = rest.data();
  message.msg_iovlen = pieces.size();
  error.clear();
  arm(deadline, on_stop::wait);
  while (!error && rest[0].iov_len + rest[1].iov_len > 0) {
    const bool is_one = rest[1].iov_len == 0; // which takes the kernel less
    const auto count = is_one ? ::send(socket_.get(), rest[0].iov_base, rest[0].iov_len, MSG_NOSIGNAL)
                              : ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (count < 0) error = last_error();
    if (is(error, std::errc::interrupted)) error.clear();
    if (!error) error = reason_to_end();
    auto sent = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    for (auto& piece : rest) {
      const std::size_t taken = std::min(sent, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
      piece.iov_len -= taken;
      sent -= taken;
    }
    if (rest[0].iov_len + rest[1].iov_len == 0) error.clear();
  }
  disarm();
}

void stream::sleep_for(std::chrono::nanoseconds duration) { owner().sleep_for(duration); }

void stream::shutdown_send() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

std::string stream::peer() const { return to_string(endpoint{peer_.address().to_string(), peer_.port()}); }

// --- connect ---------------------------------------------------------------------------------------------------------

namespace {

// Waits until the connection stands or has failed, and says which.
std::error_code finish_connecting(int descriptor, time_point deadline) {
  for (;;) {
    pollfd waiting{descriptor, POLLOUT, 0};
    int milliseconds = -1;
    if (deadline != never) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - coarse_clock::now()).count();
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    const int ready = ::poll(&waiting, 1, milliseconds);
    if (ready < 0 && errno != EINTR) return last_error();
    if (ready <= 0 && coarse_clock::now() >= deadline) return timed_out();
    if (ready <= 0) continue;
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size);
    return {failure, std::system_category()};
  }
}

} // namespace

std::optional<stream> connect(context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  asio::io_context resolving;
  const auto addresses =
      tcp::resolver(resolving).resolve(to.host, std::to_string(to.port), tcp::resolver::numeric_service, error);
  if (error) return std::nullopt;
  for (const auto& entry : addresses) {
    const tcp::endpoint address = entry.endpoint();
    unique_descriptor socket(::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0) {
      error = last_error();
      return std::nullopt;
    }
    const int connected = ::connect(socket.get(), address.data(), static_cast<socklen_t>(address.size()));
    error = connected == 0 ? std::error_code{} : last_error();
    if (is(error, std::errc::operation_in_progress)) error = finish_connecting(socket.get(), deadline);
    if (error) continue;
    make_blocking(socket.get());
    set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    return stream(owner, std::move(socket), address);
  }
  return std::nullopt;
}

// --- listener --------------------------------------------------------------------------------------------------------

listener::listener(context& owner, listening_sockets& sockets, server_model model) noexcept
    : owner_(owner), sockets_(sockets), model_(model) {}

std::optional<stream> listener::accept(std::error_code& error) {
  for (;;) {
    const bool stopping = owner_.stopping();
    if (owner_.aborted()) {
      error = canceled();
      return std::nullopt;
    }
    const bool enough = stopping && sockets_.left <= 0;
    for (std::size_t tried = 0; !enough && tried < sockets_.descriptors.size(); ++tried) {
      auto accepted = accept_from(sockets_.descriptors[next_++ % sockets_.descriptors.size()].get(), error);
      if (accepted && stopping) --sockets_.left;
      if (owner_.stopping() && is(error, std::errc::invalid_argument)) continue; // another worker has shut it down
      if (accepted || !would_block(error)) return accepted;
    }
    if (stopping) {
      // The backlog is empty, or all that was in it when stop() came has been taken: in a flood it is never empty.
      // Whoever comes now is refused. Another worker may be using the socket: no close() yet.
      for (const auto& descriptor : sockets_.descriptors)
        ::shutdown(descriptor.get(), SHUT_RDWR);
      error = canceled();
      return std::nullopt;
    }
    std::vector<pollfd> waiting{{sockets_.stop_reader.get(), POLLIN, 0}};
    for (const auto& descriptor : sockets_.descriptors)
      waiting.push_back({descriptor.get(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      error = last_error();
      return std::nullopt;
    }
  }
}

std::optional<stream> listener::accept_from(int descriptor, std::error_code& error) {
  for (;;) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    unique_descriptor socket(::accept4(descriptor, peer.data(), &size, SOCK_CLOEXEC));
    error = socket.get() < 0 ? last_error() : std::error_code{};
    if (!error) {
      peer.resize(size);
      return stream(owner_, std::move(socket), peer);
    }
    if (!is(error, std::errc::interrupted) && !is(error, std::errc::connection_aborted) &&
        !is(error, std::errc::protocol_error))
      return std::nullopt;
  }
}

void listener::sleep_for(std::chrono::nanoseconds duration) { owner_.sleep_for(duration); }

// --- context ---------------------------------------------------------------------------------------------------------

context::context(std::chrono::nanoseconds shortest_timeout)
    : tick_(shortest_timeout == shortest_timeout.zero() ? limits::longest_tick
                                                        : std::clamp(shortest_timeout / limits::ticks_per_timeout,
                                                              limits::shortest_tick, limits::longest_tick)) {
  install_wake_signal();
}

context::~context() {
  assert(first_ == nullptr && threads_ == 0);
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  watcher_woken_.notify_all();
  watcher_.join();
}

void context::run(const std::function<void()>& main) {
  start();
  main();
}

void context::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  watcher_woken_.notify_all();
}

void context::abort() noexcept {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  watcher_woken_.notify_all();
  sleepers_woken_.notify_all();
}

void context::sleep_for(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  sleepers_woken_.wait_for(lock, duration, [&] { return aborted(); });
}

void context::link(waiter& w) {
  const std::lock_guard lock(mutex_);
  w.thread_ = ::pthread_self();
  w.linked_ = true;
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
}

void context::unlink(waiter& w) noexcept {
  const std::lock_guard lock(mutex_);
  (w.previous_ == nullptr ? first_ : w.previous_->next_) = w.next_;
  if (w.next_ != nullptr) w.next_->previous_ = w.previous_;
}

void context::watch() {
  std::unique_lock lock(mutex_);
  while (!leaving_) {
    watcher_woken_.wait_for(lock, stopping() || aborted() ? std::min(tick_, limits::stopping_tick) : tick_);
    const auto now = coarse_clock::now().time_since_epoch().count();
    for (const waiter* w = first_; w != nullptr; w = w->next_) {
      const auto deadline = w->deadline_.load(std::memory_order_relaxed);
      if (deadline == waiter::no_wait) continue;
      const bool ends = stopping() && w->on_stop_.load(std::memory_order_relaxed) == on_stop::end;
      if (now >= deadline || ends || aborted()) ::pthread_kill(w->thread_, wake_signal);
    }
  }
}

// The lock is held while notifying: whoever waits in join_threads() may destroy the context right after.
void context::thread_ended() noexcept {
  const std::lock_guard lock(mutex_);
  if (--threads_ == 0) all_threads_ended_.notify_all();
}

void context::join_threads() {
  std::unique_lock lock(mutex_);
  all_threads_ended_.wait(lock, [&] { return threads_ == 0; });
}

// --- runtime ---------------------------------------------------------------------------------------------------------

namespace {

unique_descriptor open_listening_socket(const tcp::endpoint& where, const server_options& options) {
  unique_descriptor socket(::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  check(socket.get());
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.protocol() == tcp::v6()) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.reuse_port) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  // The connections inherit both.
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket.get(), SOL_SOCKET, SO_OOBINLINE, 1); // urgent bytes stay in place (RFC 6093, 6)
  check(::bind(socket.get(), where.data(), static_cast<socklen_t>(where.size())));
  check(::listen(socket.get(), options.backlog));
  return socket;
}

endpoint local_endpoint(int descriptor) {
  tcp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  check(::getsockname(descriptor, local.data(), &size));
  local.resize(size);
  return {local.address().to_string(), local.port()};
}

} // namespace

runtime::runtime(const server_options& options)
    : context_(shortest_timeout(options)),
      model_(options.model),
      worker_count_(options.model == server_model::pool ? options.threads : 1) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(last_error(), "cannot make a pipe");
  sockets_.stop_reader = unique_descriptor(ends[0]);
  sockets_.stop_writer = unique_descriptor(ends[1]);
}

runtime::~runtime() {
  stop();
  abort();
  for (auto& worker : workers_)
    worker.join();
}

std::vector<endpoint> runtime::listen(const server_options& options) {
  std::vector<endpoint> bound;
  for (const endpoint& wanted : options.listen) {
    try {
      asio::io_context resolving;
      const auto where = tcp::resolver(resolving)
                             .resolve(wanted.host, std::to_string(wanted.port), tcp::resolver::numeric_service)
                             .begin()
                             ->endpoint();
      sockets_.descriptors.push_back(open_listening_socket(where, options));
      sockets_.left += options.backlog + 1; // the kernel lets one more wait than it is told
      bound.push_back(local_endpoint(sockets_.descriptors.back().get()));
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), fmt::format("cannot listen on {}", to_string(wanted)));
    }
  }
  return bound;
}

void runtime::start(const std::function<void(listener&)>& accept_loop, const std::function<void()>& on_finished) {
  context_.start();
  running_ = accepting_ = worker_count_;
  for (std::size_t i = 0; i < worker_count_; ++i) {
    workers_.push_back(start_thread([this, accept_loop, on_finished] {
      listener from(context_, sockets_, model_);
      accept_loop(from);
      if (--accepting_ == 0) sockets_.descriptors.clear();
      context_.join_threads();
      if (--running_ == 0) on_finished();
    }));
  }
}

std::size_t runtime::descriptors() const noexcept {
  constexpr std::size_t ends_of_the_pipe = 2;
  return sockets_.descriptors.size() + ends_of_the_pipe;
}

void runtime::stop() {
  context_.stop();
  const char wake = 0;
  [[maybe_unused]] const auto written = ::write(sockets_.stop_writer.get(), &wake, 1); // a full pipe wakes as well
}

void runtime::abort() { context_.abort(); }

} // namespace revecho::sync
