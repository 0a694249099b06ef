#include "async/io.hpp"

#include "shared/thread.hpp"

#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace revecho::async {
namespace {

using asio::ip::tcp;

constexpr asio::use_awaitable_t<executor> use_awaitable;

// Buffers kept for the next read; more are only in use when many connections have work at once.
constexpr std::size_t spare_buffers = 16;

// The events that end every wait: a reset, say.
constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;

// And those that end a wait for bytes. A peer that has sent its last byte may still read what it gets.
constexpr std::uint32_t ended = EPOLLRDHUP | broken;

// The events after which a read that takes little may have left something: one stops in front of an urgent byte, and at
// the end of the stream there is the end itself.
constexpr std::uint32_t read_to_the_end = ended | EPOLLPRI;

// Events taken from the kernel at once.
constexpr std::size_t events_at_once = 256;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }
std::error_code canceled() noexcept { return std::make_error_code(std::errc::operation_canceled); }
std::error_code timed_out() noexcept { return std::make_error_code(std::errc::timed_out); }

// Asio has a category of its own for the errors of the system, and its errors need not equal any std::errc.
std::error_code standard(const std::error_code& error) noexcept {
  if (error.category() == asio::error::get_system_category()) return {error.value(), std::system_category()};
  return error;
}

bool is(const std::error_code& error, std::errc condition) noexcept { return error == condition; }

bool would_block(const std::error_code& error) noexcept {
  return is(error, std::errc::operation_would_block) || is(error, std::errc::resource_unavailable_try_again);
}

void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

// With thousands of connections none is in the cache when its turn comes. This fetches a stream, and what its owner
// keeps behind it, while the one before it is served.
void prefetch_connection(const void* stream) noexcept {
  constexpr std::size_t line = 64;
  constexpr std::size_t size = 512;
  for (std::size_t offset = 0; offset < size; offset += line)
    __builtin_prefetch(static_cast<const char*>(stream) + offset);
}

template <class Timer>
awaitable<void> wait_for(Timer& sleeper) {
  std::error_code canceled_or_not;
  co_await sleeper.async_wait(asio::redirect_error(use_awaitable, canceled_or_not));
}

} // namespace

// --- waiter ----------------------------------------------------------------------------------------------------------

waiter::waiter(waiter&& other) noexcept : owner_(other.owner_) {
  assert(other.previous_ == nullptr && other.next_ == nullptr && owner_->first_ != &other);
}

waiter::~waiter() { leave(); }

void waiter::leave() noexcept { owner_->unlink(*this); }

void waiter::arm(time_point deadline, on_stop when_stopped) {
  if (owner_->first_ != this && previous_ == nullptr) owner_->link(*this);
  deadline_ = deadline;
  on_stop_ = when_stopped;
  armed_ = true;
}

// --- stream ----------------------------------------------------------------------------------------------------------

unique_descriptor::~unique_descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

stream::stream(context& owner, unique_descriptor socket, tcp::endpoint peer) noexcept
    : waiter(owner), socket_(std::move(socket)), peer_(std::move(peer)) {}

stream::~stream() {
  if (registered_) owner().forget(*this);
  owner().return_buffer(std::move(buffer_));
}

// The same connection as an object that has not waited yet, and so may still move.
stream stream::renewed() {
  if (registered_) ::epoll_ctl(owner().epoll_.native_handle(), EPOLL_CTL_DEL, socket_.get(), nullptr);
  return stream(owner(), std::move(socket_), peer_);
}

// Suspends the calling coroutine until the event is there or the wait is ended. What is awaited is readiness, so no
// buffer is held, and the reading and writing is done by the caller, without waiting.
awaitable<void> stream::wait_for(
    std::uint32_t event, time_point deadline, on_stop when_stopped, std::error_code& error) {
  if (!begin_wait(event, deadline, when_stopped, error)) co_return;
  co_await suspend();
  end_wait(error);
}

bool stream::begin_wait(std::uint32_t event, time_point deadline, on_stop when_stopped, std::error_code& error) {
  error.clear();
  if (!registered_) {
    epoll_event all{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    if (::epoll_ctl(owner().epoll_.native_handle(), EPOLL_CTL_ADD, socket_.get(), &all) != 0) {
      error = last_error();
      return false;
    }
    registered_ = true;
  }
  awaited_ = event | (event == EPOLLIN ? ended : broken);
  arm(deadline, when_stopped);
  return true;
}

// What is there already waits for its turn too, behind the other connections'.
awaitable<void> stream::suspend() {
  const auto keep = [this](auto coroutine) {
    if ((ready_ & awaited_) == 0) {
      suspended_.emplace(std::move(coroutine));
    } else {
      asio::post(owner().get_executor(), std::move(coroutine));
    }
  };
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(keep, use_awaitable);
}

void stream::end_wait(std::error_code& error) {
  disarm();
  if (!std::exchange(canceled_, false)) return;
  error = std::exchange(interrupted_, false) ? std::make_error_code(std::errc::interrupted)
          : expired()                        ? timed_out()
                                             : canceled();
}

// Called by the context. Whoever goes on may destroy this stream.
void stream::on_events(std::uint32_t events) {
  ready_ |= events;
  if ((ready_ & awaited_) == 0) return;
  if (handler_ != nullptr) {
    disarm();
    std::exchange(handler_, nullptr)->on_ready({});
  } else if (suspended_) {
    auto coroutine = std::move(*suspended_);
    suspended_.reset();
    std::move(coroutine)();
  }
}

// Who waits goes on from the event loop, not from here: whoever cancels may be in the middle of something.
void stream::cancel() noexcept {
  if (handler_ == nullptr && !suspended_) return;
  canceled_ = true;
  if (handler_ != nullptr) {
    post_ready(*std::exchange(handler_, nullptr));
  } else {
    auto coroutine = std::move(*suspended_);
    suspended_.reset();
    asio::post(owner().get_executor(), std::move(coroutine));
  }
}

void stream::post_ready(ready_handler& handler, std::error_code error) {
  asio::post(owner().get_executor(), [this, &handler, error] {
    std::error_code ended_by;
    end_wait(ended_by);
    handler.on_ready(error ? error : ended_by);
  });
}

void stream::call_when(std::uint32_t event, ready_handler& handler, time_point deadline, on_stop when_stopped) {
  owner().return_buffer(std::move(buffer_));
  std::error_code error;
  const bool waits = begin_wait(event, deadline, when_stopped, error) && (ready_ & awaited_) == 0;
  if (waits && owner().stopping_ && when_stopped == on_stop::end) error = canceled();
  if (!waits || error) {
    post_ready(handler, error);
  } else {
    handler_ = &handler;
  }
}

void stream::call_when_readable(ready_handler& handler, time_point deadline, on_stop when_stopped) {
  call_when(EPOLLIN, handler, deadline, when_stopped);
}

void stream::call_when_writable(ready_handler& handler, time_point deadline, on_stop when_stopped) {
  call_when(EPOLLOUT, handler, deadline, when_stopped);
}

awaitable<std::span<char>> stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) {
  owner().return_buffer(std::move(buffer_));
  for (;;) {
    const bool leaving = owner().stopping_ && when_stopped == on_stop::end;
    if (!leaving) {
      if (!begin_wait(EPOLLIN, deadline, when_stopped, error)) co_return std::span<char>{};
      co_await suspend(); // here and not in wait_for(): one coroutine less for every message
      end_wait(error);
      if (error && !is(error, std::errc::operation_canceled)) co_return std::span<char>{};
    }
    const auto bytes = read_now(error);
    if (would_block(error) && leaving) error = canceled();
    if (!would_block(error)) co_return bytes;
  }
}

std::span<char> stream::read_now(std::error_code& error) {
  if (!buffer_) buffer_ = owner().borrow_buffer();
  ssize_t count = 0;
  do
    count = ::recv(socket_.get(), buffer_.get(), limits::read_buffer, MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  error = count < 0 ? last_error() : std::error_code{};
  // A read that did not fill the buffer has taken all there was; if more has come since, the kernel will say so.
  if (count < static_cast<ssize_t>(limits::read_buffer) && (ready_ & read_to_the_end) == 0)
    ready_ &= ~std::uint32_t{EPOLLIN};
  if (!error) return {buffer_.get(), static_cast<std::size_t>(count)};
  if (would_block(error)) ready_ &= ~(EPOLLIN | read_to_the_end);
  owner().return_buffer(std::move(buffer_));
  return {};
}

// Tries first, and waits only when the peer is behind.
awaitable<void> stream::write_all(
    std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) {
  std::array<iovec, 2> rest{};
  assert(pieces.size() <= rest.size());
  std::transform(pieces.begin(), pieces.end(), rest.begin(), [](std::span<const char> piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  });
  error.clear();
  while (!error && rest[0].iov_len + rest[1].iov_len > 0) {
    const std::size_t sent = send_pieces(rest, error);
    if (error || sent > 0) continue;
    co_await wait_for(EPOLLOUT, deadline, on_stop::wait, error);
  }
}

std::size_t stream::send_now(std::span<const char> bytes, std::error_code& error) {
  std::array<iovec, 1> rest{{{const_cast<char*>(bytes.data()), bytes.size()}}};
  while (!error && rest[0].iov_len > 0 && send_pieces(rest, error) > 0)
    ;
  return bytes.size() - rest[0].iov_len;
}

// One call; takes off the pieces what the kernel took, and returns how much. Nothing, without error: not now.
std::size_t stream::send_pieces(std::span<iovec> pieces, std::error_code& error) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t count = 0;
  do
    count = pieces.size() == 1 ? ::send(socket_.get(), pieces[0].iov_base, pieces[0].iov_len, flags)
                               : ::sendmsg(socket_.get(), &message, flags);
  while (count < 0 && errno == EINTR);
  if (count < 0) {
    ready_ &= ~std::uint32_t{EPOLLOUT};
    if (!would_block(last_error())) error = last_error();
    return 0;
  }
  auto left = static_cast<std::size_t>(count);
  for (auto& piece : pieces) {
    const std::size_t taken = std::min(left, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
    piece.iov_len -= taken;
    left -= taken;
  }
  return static_cast<std::size_t>(count);
}

void stream::interrupt() noexcept {
  if (handler_ == nullptr && !suspended_) return;
  interrupted_ = true;
  cancel();
}

awaitable<void> suspend_in(std::optional<suspended_coroutine>& place) {
  const auto keep = [&place](auto coroutine) { place.emplace(std::move(coroutine)); };
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(keep, use_awaitable);
}

awaitable<void> stream::sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

void stream::shutdown_send() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

void stream::reset_on_close() noexcept {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string stream::peer() const { return to_string(endpoint{peer_.address().to_string(), peer_.port()}); }

// --- connect ---------------------------------------------------------------------------------------------------------

namespace {

// Addresses are taken as they are: resolving names takes a thread.
awaitable<std::vector<tcp::endpoint>> resolve(context& owner, const endpoint& to, std::error_code& error) {
  std::vector<tcp::endpoint> found;
  const auto address = asio::ip::make_address(to.host, error);
  if (!error) {
    found.emplace_back(address, to.port);
    co_return found;
  }
  asio::ip::basic_resolver<tcp, executor> resolver(owner.get_executor());
  const std::string port = std::to_string(to.port);
  const auto entries = co_await resolver.async_resolve(
      to.host, port, tcp::resolver::numeric_service, asio::redirect_error(use_awaitable, error));
  for (const auto& entry : entries)
    found.push_back(entry.endpoint());
  co_return found;
}

// The port is chosen when connecting, so that it only has to be free for this destination.
bool bind_to(int descriptor, const asio::ip::address& from) {
  set_option(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const tcp::endpoint local(from, 0);
  return ::bind(descriptor, local.data(), static_cast<socklen_t>(local.size())) == 0;
}

// A connection to a port of this machine on which nobody listens may, by chance, be made from that very port: then it
// is connected to itself, and echoes (simultaneous open, RFC 9293, 3.5).
bool is_connected_to_itself(int descriptor, const tcp::endpoint& peer) {
  tcp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  if (::getsockname(descriptor, local.data(), &size) != 0) return false;
  local.resize(size);
  return local == peer;
}

} // namespace

awaitable<std::optional<stream>> connect(context& owner, const endpoint& to, time_point deadline,
    std::error_code& error, const std::optional<asio::ip::address>& from) {
  const auto addresses = co_await resolve(owner, to, error);
  for (const auto& address : addresses) {
    unique_descriptor socket(::socket(address.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0 || (from && !bind_to(socket.get(), *from))) {
      error = last_error();
      continue;
    }
    set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    const int descriptor = socket.get();
    const int connected = ::connect(descriptor, address.data(), static_cast<socklen_t>(address.size()));
    error = connected == 0 ? std::error_code{} : last_error();
    stream attempt(owner, std::move(socket), address);
    if (is(error, std::errc::operation_in_progress)) {
      co_await attempt.wait_for(EPOLLOUT, deadline, on_stop::end, error);
      int failure = 0;
      socklen_t size = sizeof failure;
      if (!error && ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0)
        error.assign(failure, std::system_category());
    }
    if (!error && is_connected_to_itself(descriptor, address))
      error = std::make_error_code(std::errc::connection_refused);
    if (error) continue;
    co_return attempt.renewed();
  }
  co_return std::nullopt;
}

// --- listener --------------------------------------------------------------------------------------------------------

// The kernel lets one connection more wait than it is told.
listener::listener(context& owner, tcp_acceptor acceptor, int backlog) noexcept
    : waiter(owner), acceptor_(std::move(acceptor)), left_(backlog + 1) {}

awaitable<std::optional<stream>> listener::accept(std::error_code& error) {
  for (;;) {
    // All that was in the backlog when stop() came has been taken: in a flood it is never empty.
    if (owner().stopping_ && left_ == 0) {
      error = canceled();
      co_return std::nullopt;
    }
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int descriptor = ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    error = descriptor < 0 ? last_error() : std::error_code{};
    if (!error) {
      peer.resize(size);
      unique_descriptor socket(descriptor);
      set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
      if (owner().stopping_) --left_;
      if (++in_a_row_ >= limits::accept_batch) {
        in_a_row_ = 0;
        co_await asio::post(owner().get_executor(), use_awaitable);
      }
      co_return stream(owner(), std::move(socket), peer);
    }
    if (is(error, std::errc::interrupted) || is(error, std::errc::connection_aborted) ||
        is(error, std::errc::protocol_error))
      continue;
    if (!would_block(error)) co_return std::nullopt;
    if (owner().stopping_) {
      error = canceled();
      co_return std::nullopt;
    }
    in_a_row_ = 0;
    arm(never, on_stop::end);
    co_await acceptor_.async_wait(tcp_acceptor::wait_read, asio::redirect_error(use_awaitable, error));
    disarm();
  }
}

awaitable<void> listener::sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

void listener::close() noexcept {
  std::error_code ignored;
  acceptor_.close(ignored);
  leave();
}

void listener::cancel() noexcept {
  std::error_code ignored;
  acceptor_.cancel(ignored);
}

// --- context ---------------------------------------------------------------------------------------------------------

namespace {

int new_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(last_error());
  return descriptor;
}

} // namespace

context::context(std::chrono::nanoseconds shortest_timeout) try
    : tick_(shortest_timeout == shortest_timeout.zero() ? limits::longest_tick
                                                        : std::clamp(shortest_timeout / limits::ticks_per_timeout,
                                                              limits::shortest_tick, limits::longest_tick)),
      epoll_(loop_, new_epoll()),
      ticker_(loop_) {
  buffers_.reserve(spare_buffers);
} catch (const std::system_error& error) {
  throw std::system_error(standard(error.code()), "cannot make an event loop");
}

// What is still suspended is destroyed: coroutines that wait for a stream are handed to the loop, and it destroys them
// with those that wait for something of its own.
context::~context() {
  stopping_ = false; // so that nobody who leaves the list touches the ticker
  for (waiter* w = first_; w != nullptr; w = w->next_)
    w->cancel();
}

void context::run(const std::function<awaitable<void>()>& main) {
  std::exception_ptr failure;
  asio::co_spawn(get_executor(), main(), [&](const std::exception_ptr& thrown) {
    failure = thrown;
    loop_.stop();
  });
  run();
  if (failure) std::rethrow_exception(failure);
}

// What a handler throws for want of memory costs that handler's work, and not the loop: should it have been one that
// waits again and again, it is started once more.
void context::run() {
  for (;;) {
    try {
      if (ticking_ && !tick_awaited_) wait_for_tick();
      if (ticking_ && !events_awaited_) wait_for_events();
      loop_.run();
      return;
    } catch (const std::bad_alloc&) {
      if (!events_.empty()) events_awaited_ = false; // thrown while these were handled
      events_ = {};
    }
  }
}

// To asio's loop all streams are one descriptor, that of their epoll.
void context::wait_for_events() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code canceled) {
    if (canceled) return;
    handle_events();
    events_awaited_ = false;
    if (!is_done()) wait_for_events();
  });
  events_awaited_ = true;
}

// Until no more come, or for so long that it is the turn of timers and listeners.
void context::handle_events() {
  constexpr int most_rounds = 8;
  std::array<epoll_event, events_at_once> events;
  for (int round = 0; round < most_rounds; ++round) {
    const int count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    events_ = std::span(events).first(static_cast<std::size_t>(std::max(count, 0)));
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (i + 1 < events_.size()) prefetch_connection(events_[i + 1].data.ptr);
      if (events_[i].data.ptr != nullptr) static_cast<stream*>(events_[i].data.ptr)->on_events(events_[i].events);
    }
    if (events_.empty()) break;
  }
  events_ = {};
}

// Events of a stream that is gone may still be waiting to be handled.
void context::forget(const stream& gone) noexcept {
  for (epoll_event& e : events_)
    if (e.data.ptr == &gone) e.data.ptr = nullptr;
}

void context::stop() {
  asio::post(loop_, [this] {
    stopping_ = true;
    if (is_done()) quit();
    if (!is_done() && ticking_) wait_for_tick(); // from now on more often
    for (waiter* w = first_; w != nullptr; w = w->next_) {
      if (w->armed_ && w->on_stop_ == on_stop::end) w->cancel();
    }
  });
}

awaitable<void> context::sleep_for(std::chrono::nanoseconds duration) {
  timer sleeper(loop_, duration);
  co_await wait_for(sleeper);
}

void context::link(waiter& w) {
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
  // Each is looked at: the last one who was linked may have found no memory for both.
  if (!ticking_ || !tick_awaited_) wait_for_tick();
  if (!events_awaited_) wait_for_events();
}

void context::unlink(waiter& w) noexcept {
  if (first_ != &w && w.previous_ == nullptr) return; // was never linked
  (w.previous_ == nullptr ? first_ : w.previous_->next_) = w.next_;
  if (w.next_ != nullptr) w.next_->previous_ = w.previous_;
  w.previous_ = w.next_ = nullptr;
  if (is_done()) quit();
}

// Nothing is left to run for: what would keep the loop from ending is cancelled.
void context::quit() noexcept {
  std::error_code ignored;
  ticking_ = tick_awaited_ = events_awaited_ = false; // a connection that is accepted after this starts it again
  ticker_.cancel();
  epoll_.cancel(ignored);
}

void context::tick() {
  const auto now = coarse_clock::now();
  for (waiter* w = first_; w != nullptr; w = w->next_) {
    if (w->armed_ && now >= w->deadline_) w->cancel();
  }
}

void context::wait_for_tick() {
  ticking_ = true;
  tick_awaited_ = false; // whatever there was is cancelled here
  ticker_.expires_after(stopping_ ? std::min(tick_, limits::stopping_tick) : tick_);
  ticker_.async_wait([this](std::error_code canceled) {
    if (canceled) return; // another wait has taken its place, or none is wanted
    tick_awaited_ = false;
    if (is_done()) return;
    tick();
    wait_for_tick();
  });
  tick_awaited_ = true;
}

std::unique_ptr<char[]> context::borrow_buffer() {
  if (buffers_.empty()) return std::make_unique_for_overwrite<char[]>(limits::read_buffer);
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void context::return_buffer(std::unique_ptr<char[]> buffer) noexcept {
  if (buffer && buffers_.size() < buffers_.capacity()) buffers_.push_back(std::move(buffer));
}

// --- task_group ------------------------------------------------------------------------------------------------------

task_group::task_group(context& owner, std::size_t limit)
    : owner_(owner), limit_(limit), changed_(owner.get_executor(), timer::time_point::max()) {}

awaitable<void> task_group::wait_below(std::size_t running) {
  while (running_ >= running)
    co_await wait_for(changed_);
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

// --- runtime ---------------------------------------------------------------------------------------------------------

namespace {

tcp_acceptor bind_acceptor(const executor& loop, const tcp::endpoint& where, bool share_port) {
  tcp_acceptor acceptor(loop);
  acceptor.open(where.protocol());
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (where.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true));
  if (share_port) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.set_option(reuse_port(true));
  }
  // The connections inherit it: urgent bytes stay in their place (RFC 6093, 6).
  set_option(acceptor.native_handle(), SOL_SOCKET, SO_OOBINLINE, 1);
  acceptor.bind(where);
  acceptor.non_blocking(true);
  return acceptor;
}

} // namespace

runtime::runtime(const server_options& options) {
  for (unsigned i = 0; i < options.threads; ++i)
    workers_.push_back(std::make_unique<worker>(shortest_timeout(options)));
}

runtime::~runtime() {
  abort();
  for (const auto& w : workers_) {
    if (w->thread.joinable()) w->thread.join();
  }
}

// Every loop has a listening socket of its own on the same port, and the kernel spreads the connections over them. A
// first socket that does not share its port shows whether somebody else has it, and which one the kernel picked for 0.
std::vector<endpoint> runtime::listen(const server_options& options) {
  std::vector<endpoint> bound;
  for (const endpoint& wanted : options.listen) {
    try {
      asio::io_context resolving;
      auto where = tcp::resolver(resolving)
                       .resolve(wanted.host, std::to_string(wanted.port), tcp::resolver::numeric_service)
                       .begin()
                       ->endpoint();
      const bool share_port = options.reuse_port || workers_.size() > 1;
      if (share_port && !options.reuse_port)
        where = bind_acceptor(workers_.front()->loop.get_executor(), where, false).local_endpoint();
      for (const auto& w : workers_) {
        auto acceptor = bind_acceptor(w->loop.get_executor(), where, share_port);
        acceptor.listen(options.backlog);
        where = acceptor.local_endpoint();
        w->listeners.push_back(std::make_unique<listener>(w->loop, std::move(acceptor), options.backlog));
      }
      bound.push_back({where.address().to_string(), where.port()});
    } catch (const std::system_error& error) {
      throw std::system_error(standard(error.code()), fmt::format("cannot listen on {}", to_string(wanted)));
    }
  }
  return bound;
}

void runtime::start(
    const std::function<awaitable<void>(listener&)>& accept_loop, const std::function<void()>& on_finished) {
  running_ = workers_.size();
  for (const auto& w : workers_) {
    for (const auto& from : w->listeners)
      w->loop.spawn(accept_loop, *from);
    w->thread = start_thread([this, &loop = w->loop, on_finished] {
      loop.run();
      if (--running_ == 0) on_finished();
    });
  }
}

std::size_t runtime::descriptors() const noexcept {
  constexpr std::size_t of_a_loop = 4; // asio's epoll, eventfd and timerfd, and the epoll of the streams
  std::size_t count = 0;
  for (const auto& w : workers_)
    count += of_a_loop + w->listeners.size();
  return count;
}

void runtime::stop() {
  for (const auto& w : workers_)
    w->loop.stop();
}

void runtime::abort() {
  for (const auto& w : workers_)
    w->loop.abort();
}

} // namespace revecho::async
