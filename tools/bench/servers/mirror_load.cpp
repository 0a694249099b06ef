// A load that costs next to nothing: messages that read the same backwards, so that what was sent is what has to come
// back, and one memcmp checks it; also from a server that leaves the reversal out. For where revecho-stress, which
// makes and checks a new message each time, works harder than the server that is measured.
//     mirror_load PORT line|length CONNECTIONS SIZE DEPTH SECONDS FILE
// Each connection sends DEPTH different messages, and again when all replies are there. FILE gets what was verified in
// each second, as revecho-stress --csv writes it. Exit code 1, and no more lines, at the first byte that is wrong.
#include "tools/bench/servers/floor.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace revecho::bench;
using steady = std::chrono::steady_clock;

struct connection {
  int socket = -1;
  std::size_t sent = 0;
  std::size_t received = 0;
  bool awaits_room = false;
};

std::string make_batch(bool lines, std::size_t size, std::size_t depth) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> letter('A', 'z');
  std::string batch;
  for (std::size_t message = 0; message < depth; ++message) {
    if (!lines)
      for (const unsigned shift : {24U, 16U, 8U, 0U})
        batch += static_cast<char>(static_cast<unsigned char>(size >> shift));
    std::string text(size, ' ');
    for (std::size_t i = 0; i < (size + 1) / 2; ++i)
      text[i] = text[size - 1 - i] = static_cast<char>(letter(random));
    batch += text;
    if (lines) batch += '\n';
  }
  return batch;
}

class load {
 public:
  load(in_port_t port, std::size_t connections, std::string batch)
      : batch_(std::move(batch)), epoll_(checked(::epoll_create1(0), "epoll_create1")), all_(connections) {
    for (auto& one : all_) {
      one.socket = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = ::htons(port);
      to.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
      checked(::connect(one.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
      send_at_once(one.socket);
      watch(one, EPOLL_CTL_ADD);
    }
  }

  void start() {
    for (auto& one : all_)
      send_rest(one);
  }

  /// Waits for some replies, at most a tenth of a second, and sends what is due then. How many bytes were right.
  std::size_t step() {
    std::array<epoll_event, 64> events;
    const int ready = checked(::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100), "epoll_wait");
    std::size_t bytes = 0;
    for (const auto& event : std::span(events).first(static_cast<std::size_t>(ready))) {
      auto& one = *static_cast<connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0) send_rest(one);
      if ((event.events & ~EPOLLOUT) != 0) bytes += receive(one);
    }
    return bytes;
  }

 private:
  void watch(connection& one, int operation) const {
    epoll_event event{.events = EPOLLIN | (one.awaits_room ? EPOLLOUT : 0U), .data = {.ptr = &one}};
    checked(::epoll_ctl(epoll_, operation, one.socket, &event), "epoll_ctl");
  }

  void send_rest(connection& one) const {
    const auto rest = std::string_view(batch_).substr(one.sent);
    const ssize_t sent = ::send(one.socket, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) checked(-1, "send");
    if (sent > 0) one.sent += static_cast<std::size_t>(sent);
    const bool awaits_room = one.sent < batch_.size();
    if (std::exchange(one.awaits_room, awaits_room) != awaits_room) watch(one, EPOLL_CTL_MOD);
  }

  std::size_t receive(connection& one) {
    const std::size_t most = std::min(input_.size(), batch_.size() - one.received);
    const ssize_t result = ::recv(one.socket, input_.data(), most, MSG_DONTWAIT);
    if (result < 0 && errno == EAGAIN) return 0;
    if (checked(static_cast<int>(result), "recv") == 0) fail("the server has closed the connection");
    const auto count = static_cast<std::size_t>(result);
    if (one.received + count > one.sent) fail("a reply to what was not sent");
    if (std::memcmp(input_.data(), batch_.data() + one.received, count) != 0) fail("a wrong reply");
    one.received += count;
    if (one.received == batch_.size()) {
      one.sent = one.received = 0;
      send_rest(one);
    }
    return count;
  }

  [[noreturn]] static void fail(const char* what) {
    std::fprintf(stderr, "mirror_load: %s\n", what);
    std::exit(1);
  }

  std::string batch_;
  int epoll_;
  std::vector<connection> all_;
  std::vector<char> input_ = std::vector<char>(1 << 20);
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: mirror_load PORT line|length CONNECTIONS SIZE DEPTH SECONDS FILE\n");
    return 2;
  }
  const auto number = [&](int which) { return std::stoul(argv[which]); };
  const std::size_t depth = number(5);
  std::string batch = make_batch(std::string_view(argv[2]) == "line", number(4), depth);
  const std::size_t frame = batch.size() / depth;
  load all(static_cast<in_port_t>(number(1)), number(3), std::move(batch));
  std::FILE* const csv = std::fopen(argv[7], "w");
  checked(csv != nullptr ? 0 : -1, argv[7]);
  std::fprintf(csv, "time_s,verified,errors\n");
  all.start();
  const auto begin = steady::now();
  std::size_t bytes = 0;
  for (unsigned long second = 1; second <= number(6);) {
    bytes += all.step();
    const std::chrono::duration<double> passed = steady::now() - begin;
    if (passed.count() < static_cast<double>(second)) continue;
    std::fprintf(csv, "%.6f,%zu,0\n", passed.count(), bytes / frame);
    std::fflush(csv);
    bytes %= frame; // counts in the next second
    second = static_cast<unsigned long>(passed.count()) + 1;
  }
}
