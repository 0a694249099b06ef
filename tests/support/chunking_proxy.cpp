#include "tests/support/chunking_proxy.hpp"

#include "tests/support/process.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace revecho::test {
namespace {

using std::chrono::steady_clock;

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::system_category(), what);
}

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int new_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(made >= 0, "socket");
  return made;
}

// Else the kernel would join the pieces again.
void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void reset(int socket) {
  const linger discard{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
  ::close(socket);
}

short events_for(const chunked_flow& from_it, const chunked_flow& to_it) {
  return static_cast<short>((from_it.wants_input() ? POLLIN : 0) | (to_it.wants_room() ? POLLOUT : 0));
}

// Takes in what there is. False if that socket was reset.
bool take_in(chunked_flow& flow, int from, short events, bool& hung) {
  if (events == 0) return true;
  if (flow.wants_input()) return flow.take_in(from) == chunked_flow::state::good;
  if ((events & POLLERR) != 0) return false;
  if ((events & POLLHUP) != 0) hung = true;
  return true;
}

} // namespace

chunking_proxy::chunking_proxy(std::uint16_t to, std::uint64_t seed) : to_(to), random_(seed) {
  listener_ = new_socket();
  auto address = local(0);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  check(::bind(listener_, raw, size) == 0 && ::listen(listener_, SOMAXCONN) == 0, "listen");
  check(::getsockname(listener_, raw, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  wakener_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  check(wakener_ >= 0, "eventfd");
  thread_ = std::thread([this] { run(); });
}

chunking_proxy::~chunking_proxy() {
  if (const std::lock_guard lock(mutex_); true) stops_ = true;
  wake();
  thread_.join();
  ::close(listener_);
  ::close(wakener_);
}

void chunking_proxy::wake() { static_cast<void>(::eventfd_write(wakener_, 1)); }

void chunking_proxy::reset_all() {
  std::unique_lock lock(mutex_);
  resets_ = true;
  wake();
  changed_.wait(lock, [this] { return !resets_; });
}

void chunking_proxy::reset_after(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  reset_after_ = bytes;
}

std::uint16_t chunking_proxy::port_for(std::uint16_t client_port) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(), [&] { return ports_.contains(client_port); }))
    throw std::runtime_error("the proxy does not know that client");
  return ports_[client_port];
}

traffic chunking_proxy::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void chunking_proxy::run() {
  for (;;) {
    wait();
    const std::lock_guard lock(mutex_);
    if (resets_ || stops_) {
      accept_all(); // they are connections too
      for (const auto& c : connections_) {
        reset(c.client);
        reset(c.server);
      }
      connections_.clear();
      polled_.resize(2);
      resets_ = false;
      changed_.notify_all();
      if (stops_) return;
    }
    // Behind the first two, polled_ is in the order of connections_.
    auto events = polled_.begin() + 2;
    for (auto c = connections_.begin(); c != connections_.end() && events != polled_.end(); events += 2) {
      const bool goes_on = serve(*c, events[0].revents, events[1].revents);
      c = goes_on ? std::next(c) : connections_.erase(c);
    }
    if (polled_[0].revents != 0) accept_all();
  }
}

void chunking_proxy::wait() {
  polled_.assign({{listener_, POLLIN, 0}, {wakener_, POLLIN, 0}});
  auto due = steady_clock::time_point::max();
  for (const auto& c : connections_) {
    const short to_server = c.connecting ? short{POLLOUT} : events_for(c.reply, c.request);
    polled_.push_back({c.connecting || (c.client_hung && !c.request.wants_input()) ? -1 : c.client,
        events_for(c.request, c.reply), 0});
    polled_.push_back({c.server_hung && !c.reply.wants_input() ? -1 : c.server, to_server, 0});
    if (!c.connecting) due = std::min({due, c.request.due(), c.reply.due()});
  }
  timespec time{};
  if (due != due.max()) {
    const auto left = std::max(std::chrono::nanoseconds::zero(), std::chrono::nanoseconds(due - steady_clock::now()));
    time.tv_sec = left.count() / 1'000'000'000;
    time.tv_nsec = left.count() % 1'000'000'000;
  }
  if (::ppoll(polled_.data(), polled_.size(), due == due.max() ? nullptr : &time, nullptr) < 0)
    for (auto& one : polled_)
      one.revents = 0;
  eventfd_t ignored = 0;
  static_cast<void>(::eventfd_read(wakener_, &ignored));
}

// A client that has already gone is connected, too: the server is to see what it would see without a proxy.
void chunking_proxy::accept_all() {
  for (;;) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const int client = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto address = local(to_);
    const bool fails =
        server < 0 ||
        (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS);
    if (fails) {
      reset(client);
      if (server >= 0) ::close(server);
      continue;
    }
    send_at_once(client);
    send_at_once(server);
    ++seen_.connections;
    sockaddr_in own{};
    ::getsockname(server, reinterpret_cast<sockaddr*>(&own), &(size = sizeof own));
    ports_[ntohs(from.sin_port)] = ntohs(own.sin_port);
    changed_.notify_all();
    connections_.push_back({client, server, chunked_flow(random_()), chunked_flow(random_()),
        reset_after_.value_or(std::numeric_limits<std::uint64_t>::max())});
  }
}

bool chunking_proxy::serve(connection& c, short client_events, short server_events) {
  if (c.connecting) {
    if (server_events == 0) return true;
    c.connecting = false;
    server_events = static_cast<short>(server_events & ~POLLOUT);
  }
  const bool client_is_there = take_in(c.request, c.client, client_events, c.client_hung);
  const bool server_is_there = take_in(c.reply, c.server, server_events, c.server_hung);
  if (client_is_there && server_is_there && pass_on(c)) {
    if (!c.request.is_over() || !c.reply.is_over()) return true;
    ::close(c.client);
    ::close(c.server);
    return false;
  }
  if (client_is_there) c.reply.flush(c.client);
  if (server_is_there) c.request.flush(c.server);
  reset(c.client);
  reset(c.server);
  return false;
}

// False if the connection is to be reset.
bool chunking_proxy::pass_on(connection& c) {
  const auto now = steady_clock::now();
  const auto before = seen_.bytes;
  const bool good = c.request.pass_on(c.server, now, c.left, seen_) == chunked_flow::state::good &&
                    c.reply.pass_on(c.client, now, c.left - (seen_.bytes - before), seen_) == chunked_flow::state::good;
  c.left -= seen_.bytes - before;
  return good && c.left > 0;
}

} // namespace revecho::test
