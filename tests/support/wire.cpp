#include "tests/support/wire.hpp"

#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace revecho::test {

std::string reversed(std::string_view text) { return {text.rbegin(), text.rend()}; }

std::string length_frame(std::string_view message) {
  std::string frame;
  for (const int shift : {24, 16, 8, 0})
    frame += static_cast<char>(message.size() >> shift & 0xff);
  return frame.append(message);
}

std::string framed(const std::string& framing, std::string_view message) {
  if (framing == "length") return length_frame(message);
  return std::string(message) + (framing == "line" ? "\n" : "");
}

std::string expected_reply(const std::string& framing, std::string_view stream) {
  std::string reply;
  while (framing == "line") {
    const auto end = stream.find('\n');
    if (end == stream.npos) break;
    auto line = stream.substr(0, end);
    const bool carriage_return = line.ends_with('\r');
    if (carriage_return) line.remove_suffix(1);
    reply += reversed(line) + (carriage_return ? "\r\n" : "\n");
    stream.remove_prefix(end + 1);
  }
  while (framing == "length" && stream.size() >= 4) {
    std::size_t size = 0;
    for (const char byte : stream.substr(0, 4))
      size = 256 * size + static_cast<unsigned char>(byte);
    if (stream.size() < 4 + size) break;
    reply += length_frame(reversed(stream.substr(4, size)));
    stream.remove_prefix(4 + size);
  }
  return framing == "length" ? reply : reply + reversed(stream);
}

std::string random_bytes(std::mt19937_64& random, std::size_t count) {
  constexpr std::string_view special("\n\r\0\x01\xff", 5);
  std::string bytes;
  while (bytes.size() < count)
    bytes += random() % 4 == 0 ? special[random() % special.size()] : static_cast<char>(random() & 0xff);
  return bytes;
}

std::vector<std::string> random_chunks(std::mt19937_64& random, std::string_view bytes) {
  std::vector<std::string> chunks;
  while (!bytes.empty()) {
    const std::size_t most = random() % 3 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 5);
    const std::size_t size = 1 + random() % most;
    chunks.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return chunks;
}

std::string ask(std::uint16_t port, std::string_view bytes) {
  peer client(port);
  client.send(bytes);
  client.half_close();
  return client.receive_all();
}

bool answers(std::uint16_t port, const std::string& framing) {
  try {
    return ask(port, framed(framing, "a question")) == framed(framing, "noitseuq a");
  } catch (const std::runtime_error&) { // no connection, a reset, or no end
    return false;
  }
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

} // namespace revecho::test
