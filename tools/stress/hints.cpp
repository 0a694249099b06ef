#include "tools/stress/hints.hpp"

#include "shared/protocol/encoder.hpp"
#include "shared/protocol/proxy_header.hpp"
#include "shared/protocol/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace revecho::stress {
namespace {

using namespace std::string_view_literals;

// Beginnings of version 1, and the signature of version 2.
constexpr std::array headers{"PROXY TCP4"sv, "PROXY TCP6"sv, "PROXY UNKNOWN"sv, proxy_signature_v2};
// The part of the signature that lines make of it.
constexpr auto line_of_signature = "QUIT"sv;

} // namespace

void symptoms::merge(const symptoms& other) noexcept {
  connections += other.connections;
  turned_away += other.turned_away;
  silent += other.silent;
  half_closed += other.half_closed;
  failed_after_half_close += other.failed_after_half_close;
  faults_after_half_close += other.faults_after_half_close;
  proxy_headers += other.proxy_headers;
  reversed_framings += other.reversed_framings;
}

bool has_proxy_header(std::span<const char> reply) {
  const std::string_view text(reply.data(), reply.size());
  const auto is_in_text = [&](std::string_view header) {
    const std::string backwards(header.rbegin(), header.rend());
    return text.find(header) != text.npos || text.find(backwards) != text.npos;
  };
  if (std::equal(text.begin(), text.end(), line_of_signature.rbegin(), line_of_signature.rend())) return true;
  return std::any_of(headers.begin(), headers.end(), is_in_text);
}

bool reverses_framing(framing used, const message_source& message, std::span<const char> reply) {
  if (used == framing::line) return reply.empty() && message.size() > 0; // the newline came first
  const std::size_t size = message.size();
  if (used != framing::length || size < length_size || reply.size() < size) return false;
  std::string frame;
  append_frame(frame, used, message);
  reverse(frame);
  return std::equal(frame.begin() + length_size, frame.end(), reply.begin()); // its first bytes were taken for a length
}

std::vector<std::string> hints_of(const symptoms& s, std::uint64_t verified, std::uint64_t missing, framing used) {
  std::vector<std::string> all;
  if (missing > 0 && s.faults_after_half_close == missing && 2 * s.failed_after_half_close >= s.half_closed)
    all.emplace_back("every loss came after a half-close: does the path forward a half-close?");
  if (s.proxy_headers > 0)
    all.emplace_back(
        "the path sends a PROXY header, and the server answers it as a message: let the server expect the header "
        "(--proxy-protocol), or the proxy send none.");
  if (verified > 0 || s.connections == 0) return all;
  const auto speaks = fmt::format("does the server speak --framing {}?", to_string(used));
  if (s.reversed_framings > 0) all.push_back(fmt::format("the framing came back reversed, too: {}", speaks));
  if (s.turned_away == s.connections)
    all.push_back(fmt::format(
        "every connection was ended by the peer before any reply: does the port want TLS or a PROXY header, or {}",
        speaks));
  if (s.silent == s.connections) all.push_back(fmt::format("nobody sent a byte back: {}", speaks));
  return all;
}

} // namespace revecho::stress
