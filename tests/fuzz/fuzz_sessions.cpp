// The twins: the same bytes in the same chunks, over a socket pair each, to the sync and to the async session. Their
// answers must be the same.
#include "tests/fuzz/fuzz.hpp"

#include "async/session.hpp"
#include "sync/session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace revecho;

// Far less than sockets hold: nobody waits for the other to read, or not for long if there are hundreds of chunks.
constexpr std::size_t most_bytes = 32 * 1024;

std::array<int, 2> socket_pair() {
  std::array<int, 2> ends{};
  revecho::fuzz::demand(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there are sockets");
  return ends;
}

// False if the other end has left. (EINTR: libFuzzer's timer.)
bool send(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto taken = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (taken < 0 && errno != EINTR) return false;
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(taken, 0)));
  }
  return true;
}

// Receives so many bytes, or up to the end of the stream.
std::string receive(int from, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const auto got = ::recv(from, bytes.data() + done, count - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// The other end. In raw what the server reads at once matters, so that each chunk is answered before the next is sent.
std::string talk(int to, framing f, const std::vector<std::string>& chunks) {
  std::string answer;
  for (const auto& chunk : chunks) {
    if (!send(to, chunk)) break; // its last words come below
    if (f == framing::raw) answer += receive(to, chunk.size());
  }
  ::shutdown(to, SHUT_WR);
  answer += receive(to, 4 * most_bytes);
  ::close(to);
  return answer;
}

struct parts {
  server_options options;
  logger log{log_level::error, log_format::text};
  statistics counts;
};

std::string ask_sync(parts& p, const std::vector<std::string>& chunks) {
  static sync::context context(std::chrono::nanoseconds{0});
  static const bool started = (context.start(), true);
  static_cast<void>(started);
  const auto ends = socket_pair();
  sync::service shared{p.options, p.log, p.counts};
  std::thread server(
      [&] { sync::serve(sync::stream(context, unique_descriptor(ends[0]), {}), sync::admission(1), shared); });
  auto answer = talk(ends[1], p.options.framing_kind, chunks);
  server.join();
  return answer;
}

std::string ask_async(parts& p, const std::vector<std::string>& chunks) {
  const auto ends = socket_pair();
  async::service shared{p.options, p.log, p.counts};
  std::thread server([&] {
    async::context context(std::chrono::nanoseconds{0});
    context.run([&]() -> async::awaitable<void> {
      return async::serve(async::stream(context, unique_descriptor(ends[0]), {}), async::admission(1), shared);
    });
  });
  auto answer = talk(ends[1], p.options.framing_kind, chunks);
  server.join();
  return answer;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  revecho::fuzz::input in(data, size);
  parts p;
  p.options.framing_kind = framings[in.byte() % framings.size()];
  p.options.max_message = 1 + in.byte();
  const unsigned cuts = in.byte();
  const auto chunks = revecho::fuzz::chunks(in.rest().substr(0, most_bytes), cuts);
  revecho::fuzz::demand(ask_sync(p, chunks) == ask_async(p, chunks), "both twins answer the same");
  return 0;
}
