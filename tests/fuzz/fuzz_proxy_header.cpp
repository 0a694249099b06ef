// The PROXY header, against a reader that sees all of the stream at once and leaves addresses to the system.
#include "tests/fuzz/fuzz.hpp"

#include "shared/protocol/error.hpp"
#include "shared/protocol/proxy_header.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <iterator>
#include <span>
#include <sstream>
#include <utility>

namespace {

using namespace revecho;
using namespace std::string_literals;

const std::string waiting = "waiting";
const std::string missing = "missing";
const std::string bad = "bad";
const std::string too_long = "too long";

std::string found(std::string_view host, unsigned port, std::size_t size) {
  return std::string(host) + ' ' + std::to_string(port) + " after " + std::to_string(size);
}

// The host's bytes; none if the system does not know such an address.
std::string host_of(const std::string& text, int family) {
  std::string bytes(family == AF_INET ? 4 : 16, '\0');
  const bool is_known = text.find('\0') == text.npos && ::inet_pton(family, text.c_str(), bytes.data()) == 1;
  return is_known ? bytes : "";
}

bool is_port(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  return digits && text.size() <= 5 && std::to_string(std::stoi(text)) == text && std::stoi(text) <= 65535;
}

std::string expected_of_line(std::string_view stream) {
  const auto newline = stream.find('\n');
  if (newline >= 107) return stream.size() >= 107 ? too_long : waiting;
  if (stream[newline - 1] != '\r') return bad;
  std::vector<std::string> words(1);
  for (const char c : stream.substr(0, newline - 1))
    c == ' ' ? static_cast<void>(words.emplace_back()) : words.back().push_back(c);
  if (words[1] == "UNKNOWN") return found("", 0, newline + 1);
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  if (words.size() != 6 || (family == AF_INET6 && words[1] != "TCP6")) return bad;
  const auto host = host_of(words[2], family);
  if (host.empty() || host_of(words[3], family).empty() || !is_port(words[4]) || !is_port(words[5])) return bad;
  return found(host, static_cast<unsigned>(std::stoi(words[4])), newline + 1);
}

std::string expected_of_block(std::string_view stream) {
  if (stream.size() < 16) return waiting;
  const auto byte = [&](std::size_t place) { return std::size_t{static_cast<unsigned char>(stream[place])}; };
  const std::size_t size = 16 + byte(14) * 256 + byte(15);
  const bool local = byte(12) == 0x20;
  if (!local && (byte(12) != 0x21 || byte(13) / 16 > 3 || byte(13) % 16 > 2)) return bad;
  if (size > 4096) return too_long;
  if (stream.size() < size) return waiting;
  const std::size_t host = byte(13) == 0x11 ? 4 : byte(13) == 0x21 ? 16 : 0;
  if (local || host == 0) return found("", 0, size);
  std::size_t place = 16 + 2 * host + 4;
  while (place < size && place + 3 <= size)
    place += 3 + byte(place + 1) * 256 + byte(place + 2);
  if (place != size) return bad;
  return found(stream.substr(16, host), static_cast<unsigned>(byte(16 + 2 * host) * 256 + byte(17 + 2 * host)), size);
}

std::string expected(std::string_view stream) {
  const auto line = "PROXY "s;
  const auto block = "\r\n\r\n\0\r\nQUIT\n"s;
  if (stream.starts_with(line)) return expected_of_line(stream);
  if (stream.starts_with(block)) return expected_of_block(stream);
  return line.starts_with(stream) || block.starts_with(stream) ? waiting : missing;
}

std::string read(std::vector<std::string> chunks) {
  proxy_header header;
  std::size_t size = 0;
  for (auto& chunk : chunks) {
    std::span<char> input(chunk);
    const bool complete = header.receive(input);
    size += chunk.size() - input.size();
    if (header.error() == protocol_errc::no_proxy_header) return missing;
    if (header.error() == protocol_errc::long_proxy_header) return too_long;
    if (header.error()) return bad;
    if (!complete) continue;
    if (!header.client()) return found("", 0, size);
    const auto host = header.client()->host();
    return found(std::string(host.begin(), host.end()), header.client()->port, size);
  }
  return waiting;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  revecho::fuzz::input in(data, size);
  const unsigned cuts = in.byte();
  const auto right = expected(in.rest());
  revecho::fuzz::demand(
      read(revecho::fuzz::chunks(in.rest(), cuts)) == right, "the header reads as the simple one does");
  return 0;
}
