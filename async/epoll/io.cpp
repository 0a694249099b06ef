#include "async/io.hpp"

#include "shared/process/thread.hpp"

#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace revecho::async {
namespace {

using asio::ip::tcp;

// Buffers kept for the next read; more are only in use when many connections have work at once.
constexpr std::size_t spare_buffers = 16;

// The events that end every wait: a reset, say.
constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;

// And those that end a wait for bytes. A peer that has sent its last byte may still read what it gets.
constexpr std::uint32_t ended = EPOLLRDHUP | broken;

constexpr std::uint32_t readable = EPOLLIN | ended;
constexpr std::uint32_t writable = EPOLLOUT | broken;

// The events after which a read that takes little may have left something: one stops in front of an urgent byte, and at
// the end of the stream there is the end itself.
constexpr std::uint32_t read_to_the_end = ended | EPOLLPRI;

std::error_code last_error() noexcept { return {errno, std::system_category()}; }
std::error_code canceled() noexcept { return std::make_error_code(std::errc::operation_canceled); }

// Asio has a category of its own for the errors of the system, and its errors need not equal any std::errc.
std::error_code standard(const std::error_code& error) noexcept {
  if (error.category() == asio::error::get_system_category()) return {error.value(), std::system_category()};
  return error;
}

bool is(const std::error_code& error, std::errc condition) noexcept { return error == condition; }

// Of an error of the system, by its number: what follows a read for every message should not cost two virtual calls.
bool would_block(const std::error_code& error) noexcept {
  return error.value() == EAGAIN || error.value() == EWOULDBLOCK;
}

void set_option(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

// With thousands of connections none is in the cache when its turn comes. This fetches a stream, and what its owner
// keeps behind it (most of a session's coroutine), while the one before it is served.
void prefetch_connection(const void* connection) noexcept {
  constexpr std::size_t line = 64;
  constexpr std::size_t size = 640;
  for (std::size_t offset = 0; offset < size; offset += line)
    __builtin_prefetch(static_cast<const char*>(connection) + offset);
}

} // namespace

// --- waiter ----------------------------------------------------------------------------------------------------------

void unique_descriptor::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

waiter::waiter(context& owner, unique_descriptor descriptor) noexcept
    : owner_(&owner), descriptor_(std::move(descriptor)) {}

waiter::waiter(waiter&& other) noexcept : owner_(other.owner_), descriptor_(std::move(other.descriptor_)) {
  assert(other.is_alone() && !other.registered_);
}

waiter::~waiter() {
  if (registered_) owner_->forget(*this);
}

void waiter::wait(std::uint32_t events, ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  assert(handler_ == nullptr);
  handler_ = &handler;
  awaited_ = events;
  deadline_ = deadline;
  on_stop_ = when_stopped;
  if (is_alone()) append_to(owner_->waiters_);
  if (!registered_) {
    epoll_event all{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    if (::epoll_ctl(owner_->epoll_.native_handle(), EPOLL_CTL_ADD, descriptor(), &all) != 0)
      return end_wait(static_cast<std::errc>(errno));
    registered_ = true;
  }
  if (has(events) || events == 0) return end_wait({});
  if (owner_->stopping_ && when_stopped == on_stop::end) end_wait(std::errc::operation_canceled);
}

void waiter::interrupt() noexcept {
  if (handler_ != nullptr && !queued_) end_wait(std::errc::interrupted);
}

unique_descriptor waiter::take_descriptor() noexcept {
  if (registered_) {
    ::epoll_ctl(owner_->epoll_.native_handle(), EPOLL_CTL_DEL, descriptor(), nullptr);
    owner_->forget(*this);
    registered_ = false;
  }
  leave();
  return std::move(descriptor_);
}

// Called by the context.
void waiter::on_events(std::uint32_t events) {
  ready_ |= events;
  if (handler_ != nullptr && !queued_ && has(awaited_)) std::exchange(handler_, nullptr)->on_ready({});
}

// The handler is called from the event loop, not from here: whoever ends a wait may be in the middle of something. What
// was there already has its turn behind the others, too.
void waiter::end_wait(std::errc reason) noexcept {
  reason_ = reason;
  queued_ = true;
  append_to(owner_->ready_);
}

void waiter::take_turn() {
  queued_ = false;
  append_to(owner_->waiters_);
  std::exchange(handler_, nullptr)->on_ready(reason_ == std::errc{} ? std::error_code{} : make_error_code(reason_));
}

readiness::readiness(
    waiter& of, std::uint32_t events, time_point deadline, on_stop when_stopped, std::error_code& error) noexcept
    : of_(of), events_(events), on_stop_(when_stopped), deadline_(deadline), error_(error) {}

void readiness::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  of_.wait(events_, *this, deadline_, on_stop_);
}

void readiness::on_ready(std::error_code error) {
  error_ = error;
  coroutine_.resume();
}

// --- stream ----------------------------------------------------------------------------------------------------------

stream::stream(context& owner, unique_descriptor socket, tcp::endpoint peer) noexcept
    : waiter(owner, std::move(socket)), peer_(std::move(peer)) {}

stream::~stream() { release_buffer(); }

// The same connection as an object that has not waited yet, and so may still move.
stream stream::renewed() noexcept { return stream(owner(), take_descriptor(), peer_); }

void stream::release_buffer() noexcept {
  if (buffer_) owner().return_buffer(std::move(buffer_));
}

void stream::call_when_readable(ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  release_buffer();
  wait(readable, handler, deadline, when_stopped);
}

void stream::call_when_writable(ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  wait(writable, handler, deadline, when_stopped);
}

read_operation stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) noexcept {
  return {*this, deadline, when_stopped, error};
}

read_operation::read_operation(stream& from, time_point deadline, on_stop when_stopped, std::error_code& error) noexcept
    : from_(from), deadline_(deadline), error_(error), on_stop_(when_stopped) {}

void read_operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  from_.call_when_readable(*this, deadline_, on_stop_);
}

// When the server stops, what has arrived is still read.
void read_operation::on_ready(std::error_code error) {
  if (!error || error == std::errc::operation_canceled) {
    bytes_ = from_.read_now(error_);
    if (would_block(error_)) {
      if (!error) return from_.call_when_readable(*this, deadline_, on_stop_);
      error_ = error;
    }
  } else {
    error_ = error;
  }
  coroutine_.resume();
}

std::span<char> stream::read_now(std::error_code& error) noexcept {
  if (!buffer_) buffer_ = owner().borrow_buffer();
  if (!buffer_) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return {};
  }
  ssize_t count = 0;
  do
    count = ::recv(descriptor(), buffer_.get(), limits::read_buffer, MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  // A read that did not fill the buffer has taken all there was; if more has come since, the kernel will say so.
  if (count < static_cast<ssize_t>(limits::read_buffer) && !has(read_to_the_end)) is_over(EPOLLIN);
  if (count >= 0) {
    error.clear();
    return {buffer_.get(), static_cast<std::size_t>(count)};
  }
  error = last_error();
  if (would_block(error)) is_over(EPOLLIN | read_to_the_end);
  release_buffer();
  return {};
}

write_operation stream::write_all(
    std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept {
  return {*this, pieces, deadline, error};
}

write_operation::write_operation(
    stream& to, std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept
    : to_(to), deadline_(deadline), error_(error), rest_{} {
  assert(pieces.size() <= rest_.size());
  std::transform(pieces.begin(), pieces.end(), rest_.begin(), [](std::span<const char> piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  });
  error_.clear();
}

bool write_operation::is_done() noexcept {
  if (rest_[0].iov_len + rest_[1].iov_len > 0) to_.send_pieces(rest_, error_);
  return error_ || rest_[0].iov_len + rest_[1].iov_len == 0;
}

void write_operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  to_.wait(writable, *this, deadline_, on_stop::wait);
}

void write_operation::on_ready(std::error_code error) {
  error_ = error;
  if (!error && !is_done()) return to_.wait(writable, *this, deadline_, on_stop::wait);
  coroutine_.resume();
}

std::size_t stream::send_now(std::span<const char> bytes, std::error_code& error) noexcept {
  std::array<iovec, 1> rest{{{const_cast<char*>(bytes.data()), bytes.size()}}};
  if (!bytes.empty()) send_pieces(rest, error);
  return bytes.size() - rest[0].iov_len;
}

// One call; takes off the pieces what the kernel took. If that is not all, the kernel says when it takes more.
void stream::send_pieces(std::span<iovec> pieces, std::error_code& error) noexcept {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const bool is_one = pieces.size() == 1 || pieces[1].iov_len == 0; // which takes the kernel less
  ssize_t count = 0;
  do
    count = is_one ? ::send(descriptor(), pieces[0].iov_base, pieces[0].iov_len, flags)
                   : ::sendmsg(descriptor(), &message, flags);
  while (count < 0 && errno == EINTR);
  if (count < 0 && !would_block(last_error())) error = last_error();
  auto taken = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  for (auto& piece : pieces) {
    const std::size_t part = std::min(taken, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + part;
    piece.iov_len -= part;
    taken -= part;
  }
  if (pieces.back().iov_len > 0 || pieces.front().iov_len > 0) is_over(EPOLLOUT);
}

awaitable<void> stream::sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

void stream::shutdown_send() noexcept { ::shutdown(descriptor(), SHUT_WR); }

void stream::reset_on_close() noexcept {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string stream::peer() const { return to_string(endpoint{peer_.address().to_string(), peer_.port()}); }

// --- connect ---------------------------------------------------------------------------------------------------------

namespace {

// Looking up a name, by `co_await`. asio has a thread for it.
class resolution {
 public:
  resolution(const executor& loop, const endpoint& to, std::error_code& error)
      : resolver_(loop), to_(to), error_(error) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    resolver_.async_resolve(to_.host, std::to_string(to_.port), tcp::resolver::numeric_service,
        [this, coroutine](std::error_code error, const tcp::resolver::results_type& entries) {
          error_ = error;
          found_ = entries;
          coroutine.resume();
        });
  }
  tcp::resolver::results_type await_resume() { return std::move(found_); }

 private:
  asio::ip::basic_resolver<tcp, executor> resolver_;
  const endpoint& to_;
  std::error_code& error_;
  tcp::resolver::results_type found_;
};

// Addresses are taken as they are.
awaitable<std::vector<tcp::endpoint>> resolve(context& owner, const endpoint& to, std::error_code& error) {
  std::vector<tcp::endpoint> found;
  const auto address = asio::ip::make_address(to.host, error);
  if (!error) {
    found.emplace_back(address, to.port);
    co_return found;
  }
  resolution looking_up(owner.get_executor(), to, error);
  const auto entries = co_await looking_up;
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
      co_await readiness(attempt, writable, deadline, on_stop::end, error);
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
listener::listener(context& owner, unique_descriptor socket, int backlog) noexcept
    : waiter(owner, std::move(socket)), left_(backlog + 1) {}

awaitable<std::optional<stream>> listener::accept(std::error_code& error) {
  for (;;) {
    // All that was in the backlog when stop() came has been taken: in a flood it is never empty.
    if (owner().stopping_ && left_ == 0) {
      error = canceled();
      co_return std::nullopt;
    }
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    unique_descriptor socket(::accept4(descriptor(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    error = socket.get() < 0 ? last_error() : std::error_code{};
    if (!error) {
      peer.resize(size);
      if (owner().stopping_) --left_;
      if (++in_a_row_ >= limits::accept_batch) {
        in_a_row_ = 0;
        co_await readiness(*this, 0, never, on_stop::wait, error);
        error.clear();
      }
      co_return stream(owner(), std::move(socket), peer);
    }
    if (is(error, std::errc::interrupted) || is(error, std::errc::connection_aborted) ||
        is(error, std::errc::protocol_error))
      continue;
    if (!would_block(error)) co_return std::nullopt;
    is_over(EPOLLIN);
    if (owner().stopping_) {
      error = canceled();
      co_return std::nullopt;
    }
    in_a_row_ = 0;
    co_await readiness(*this, readable, never, on_stop::end, error);
    if (error && !is(error, std::errc::operation_canceled)) co_return std::nullopt;
  }
}

awaitable<void> listener::sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

void listener::close() noexcept { take_descriptor().close(); }

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
  check_timers();
} catch (const std::system_error& error) {
  throw std::system_error(standard(error.code()), "cannot make an event loop");
}

context::~context() {
  while (!tasks_.is_alone()) {
    auto& suspended = static_cast<promise<void>&>(tasks_.next());
    std::coroutine_handle<promise<void>>::from_promise(suspended).destroy();
  }
}

// Asio does not look whether the kernel watches what makes its timers expire, nor what wakes the loop when another
// thread calls. Without the latter, calls are late, by a tick at most; without the former nothing would ever be.
void context::check_timers() {
  constexpr auto patience = std::chrono::seconds{5};
  bool expired = false;
  timer at_once(loop_, timer::duration::zero());
  at_once.async_wait([&](std::error_code) { expired = true; });
  loop_.run_one_for(patience);
  if (!expired) throw std::runtime_error("cannot make an event loop: the system does not watch its timers");
}

void context::run(const std::function<awaitable<void>()>& main) {
  std::exception_ptr failure;
  spawn([&] { return run_main(main, failure); });
  run();
  if (failure) std::rethrow_exception(failure);
}

awaitable<void> context::run_main(const std::function<awaitable<void>()>& main, std::exception_ptr& failure) {
  try {
    co_await main();
  } catch (...) {
    failure = std::current_exception();
  }
  abort();
}

// What a handler throws for want of memory costs that handler's work, and not the loop.
void context::run() {
  for (;;) {
    try {
      if (!events_awaited_) await_events();
      if (!tick_awaited_) await_tick();      // also without a waiter: see check_timers()
      if (!events_.empty()) handle_events(); // those behind the one whose handler threw
      call_ready_handlers();
      if (tasks_.is_alone() || loop_.stopped()) return;
      ready_.is_alone() ? loop_.run_one() : loop_.poll_one();
    } catch (const std::bad_alloc&) {
    }
  }
}

void context::await_events() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](std::error_code) {
    events_awaited_ = false;
    handle_events();
  });
  events_awaited_ = true;
}

// Until no more come, or it is the turn of others. None is left behind: nothing would bring it up again.
void context::handle_events() {
  constexpr int most_rounds = 8;
  for (int round = 0; round < most_rounds; ++round) {
    if (events_.empty()) {
      const int size = static_cast<int>(event_buffer_.size());
      const int count = ::epoll_wait(epoll_.native_handle(), event_buffer_.data(), size, 0);
      if (count <= 0) return;
      events_ = std::span(event_buffer_).first(static_cast<std::size_t>(count));
    }
    while (!events_.empty()) {
      const epoll_event event = events_.front();
      events_ = events_.subspan(1);
      if (!events_.empty()) prefetch_connection(events_.front().data.ptr);
      if (event.data.ptr != nullptr) static_cast<waiter*>(event.data.ptr)->on_events(event.events);
    }
  }
}

// Events of a waiter that is gone may still be waiting to be handled.
void context::forget(const waiter& gone) noexcept {
  for (epoll_event& e : events_)
    if (e.data.ptr == &gone) e.data.ptr = nullptr;
}

// Who becomes ready meanwhile has its turn in the next round.
void context::call_ready_handlers() {
  end_of_round_.append_to(ready_);
  while (&ready_.next() != &end_of_round_)
    static_cast<waiter&>(ready_.next()).take_turn();
  end_of_round_.leave();
}

void context::stop() {
  asio::post(loop_, [this] {
    stopping_ = true;
    tick_awaited_ = false; // from now on more often
    end_waits_on_stop();
  });
}

void context::end_waits_on_stop() {
  for (list_node *node = &waiters_.next(), *next = nullptr; node != &waiters_; node = next) {
    next = &node->next();
    auto& w = static_cast<waiter&>(*node);
    if (w.handler_ != nullptr && w.on_stop_ == on_stop::end) w.end_wait(std::errc::operation_canceled);
  }
}

void context::tick() {
  const auto now = coarse_clock::now();
  for (list_node *node = &waiters_.next(), *next = nullptr; node != &waiters_; node = next) {
    next = &node->next();
    auto& w = static_cast<waiter&>(*node);
    if (w.handler_ != nullptr && now >= w.deadline_) w.end_wait(std::errc::timed_out);
  }
}

void context::await_tick() {
  ticker_.expires_after(stopping_ ? std::min(tick_, limits::stopping_tick) : tick_);
  ticker_.async_wait([this](std::error_code canceled) {
    if (canceled) return; // another wait has taken its place
    tick_awaited_ = false;
    tick();
  });
  tick_awaited_ = true;
}

awaitable<void> context::sleep_for(std::chrono::nanoseconds duration) {
  timer sleeper(loop_, duration);
  co_await expiry_of(sleeper);
}

std::unique_ptr<char[]> context::borrow_buffer() noexcept {
  if (buffers_.empty()) return std::unique_ptr<char[]>(new (std::nothrow) char[limits::read_buffer]);
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void context::return_buffer(std::unique_ptr<char[]> buffer) noexcept {
  if (buffers_.size() < buffers_.capacity()) buffers_.push_back(std::move(buffer));
}

// --- task_group ------------------------------------------------------------------------------------------------------

task_group::task_group(context& owner, std::size_t limit) : owner_(owner), limit_(limit) {}

awaitable<void> task_group::run(awaitable<void> task) {
  ++running_;
  try {
    co_await task;
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  --running_;
  changed_.resume();
}

awaitable<void> task_group::wait_below(std::size_t running) {
  while (running_ >= running)
    co_await changed_;
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

// --- runtime ---------------------------------------------------------------------------------------------------------

namespace {

// The connections inherit the options.
tcp::acceptor bind_acceptor(asio::io_context& loop, const tcp::endpoint& where, bool share_port) {
  tcp::acceptor acceptor(loop);
  acceptor.open(where.protocol());
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (where.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true));
  if (share_port) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.set_option(reuse_port(true));
  }
  acceptor.set_option(tcp::no_delay(true));                          // the connections inherit this, and the next
  set_option(acceptor.native_handle(), SOL_SOCKET, SO_OOBINLINE, 1); // urgent bytes stay in place (RFC 6093, 6)
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
      asio::io_context starting; // of what is done here; what serves is the workers'
      auto where = tcp::resolver(starting)
                       .resolve(wanted.host, std::to_string(wanted.port), tcp::resolver::numeric_service)
                       .begin()
                       ->endpoint();
      const bool share_port = options.reuse_port || workers_.size() > 1;
      if (share_port && !options.reuse_port) where = bind_acceptor(starting, where, false).local_endpoint();
      for (const auto& w : workers_) {
        auto acceptor = bind_acceptor(starting, where, share_port);
        acceptor.listen(options.backlog);
        where = acceptor.local_endpoint();
        unique_descriptor socket(acceptor.release());
        w->listeners.push_back(std::make_unique<listener>(w->loop, std::move(socket), options.backlog));
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
