// The PROXY header: read whole, byte by byte and cut at every place; every way in which it can be wrong; and written.
#include "tests/support/catch.hpp"
#include "tests/unit/protocol/decoding.hpp"

#include "shared/protocol/proxy_header.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace revecho;
using namespace revecho::testing;
using namespace std::string_literals;

namespace {

const std::string after_it = "PROXY and what else comes\r\n\r\n\0"s;
const std::string nobody = "the peer";

std::string told_client(const proxy_header& header) {
  std::string text;
  if (!header.client()) return header.is_local() ? nobody + ", local" : nobody;
  for (const unsigned byte : header.client()->host())
    text += (text.empty() ? "" : ".") + std::to_string(byte);
  return text + " port " + std::to_string(header.client()->port);
}

// The client that the header names, and the bytes after it; or the reason why it is wrong.
std::string told_header(const pieces& stream) {
  proxy_header header;
  bool complete = false;
  std::string left;
  for (auto piece : stream) {
    std::span<char> input(piece);
    if (!complete && !header.error()) complete = header.receive(input);
    if (complete) left.append(input.begin(), input.end());
  }
  if (header.error()) return violation(static_cast<protocol_errc>(header.error().value()));
  if (!complete) return header.has_begun() ? "begun" : "nothing";
  return told_client(header) + "|" + escaped(left);
}

void check_header(const std::string& stream, const std::string& expected) {
  INFO("stream: " << escaped(stream));
  auto ways = every_split(stream);
  ways.push_back(byte_by_byte(stream));
  ways.push_back(whole(stream));
  for (const auto& way : ways) {
    const std::size_t first_piece = way.empty() ? 0 : way.front().size();
    CAPTURE(way.size(), first_piece);
    CHECK(told_header(way) == expected);
  }
}

void check_reads(const std::string& header, const std::string& client) {
  check_header(header, client + "|");
  check_header(header + after_it, client + "|" + escaped(after_it));
  for (std::size_t size = 0; size < header.size(); ++size)
    CHECK(told_header(whole(header.substr(0, size))) == (size == 0 ? "nothing" : "begun"));
}

void check_refuses(const std::string& header, protocol_errc why) {
  check_header(header, violation(why));
  check_header(header + after_it, violation(why));
}

std::string v1(const std::string& words) { return "PROXY " + words + "\r\n"; }

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string v2(unsigned command, unsigned kind, const std::string& block) {
  auto header = signature;
  for (const std::size_t byte : {std::size_t{command}, std::size_t{kind}, block.size() / 256, block.size() % 256})
    header += static_cast<char>(byte);
  return header + block;
}

const std::string addresses_v4 = "\xc0\0\2\7\xc6\x33\x64\1\xdc\4\1\xbb"s;
const std::string host_v6 = "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"s;
const std::string addresses_v6 = host_v6 + host_v6 + "\xdc\4\1\xbb"s;
const std::string client_v4 = "192.0.2.7 port 56324";
const std::string client_v6 = "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.7 port 56324";

std::string tlv(std::size_t size) {
  return "\x04"s + static_cast<char>(size / 256) + static_cast<char>(size % 256) + std::string(size, 'x');
}

} // namespace

TEST_CASE("proxy header: is a line in version 1, and ends with it") {
  check_reads(v1("TCP4 192.0.2.7 198.51.100.1 56324 443"), client_v4);
  check_reads(v1("TCP4 255.255.255.255 0.0.0.0 65535 0"), "255.255.255.255 port 65535");
  check_reads(v1("TCP6 2001:db8::7 2001:DB8:0:0::1 56324 443"), client_v6);
  check_reads(v1("TCP6 2001:0db8:0000:0000:0000:0000:0000:0007 :: 56324 443"), client_v6);
}

TEST_CASE("proxy header: takes every way to write an IPv6 address") {
  const std::string zeros = "0.0.0.0.0.0.0.0.0.0.";
  for (const auto& [text, host] : std::vector<std::pair<std::string, std::string>>{{"::", zeros + "0.0.0.0.0.0"},
           {"::1", zeros + "0.0.0.0.0.1"}, {"::ffff:1.2.3.4", zeros + "255.255.1.2.3.4"},
           {"ffff::", "255.255." + zeros + "0.0.0.0"}, {"1:2:3:4:5:6:7:8", "0.1.0.2.0.3.0.4.0.5.0.6.0.7.0.8"},
           {"1:2:3:4:5:6:7::", "0.1.0.2.0.3.0.4.0.5.0.6.0.7.0.0"},
           {"::2:3:4:5:6:7:8", "0.0.0.2.0.3.0.4.0.5.0.6.0.7.0.8"},
           {"1:2:3:4:5:6:1.2.3.4", "0.1.0.2.0.3.0.4.0.5.0.6.1.2.3.4"}})
    check_header(v1("TCP6 " + text + " ::1 1 2"), host + " port 1|");
}

TEST_CASE("proxy header: names the peer itself if the proxy does not know the client") {
  check_reads(v1("UNKNOWN"), nobody);
  check_reads(v1("UNKNOWN whatever \r this \0 is"s), nobody);
  check_reads(v1("UNKNOWN " + std::string(proxy_header::longest_v1 - 16, 'x')), nobody);
  check_reads(v2(0x21, 0x00, ""), nobody);
  check_reads(v2(0x21, 0x00, "anything"), nobody);
  for (const unsigned kind : {0x10U, 0x12U, 0x22U, 0x31U, 0x32U}) // no TCP
    check_reads(v2(0x21, kind, std::string(216, 'x')), nobody);
}

TEST_CASE("proxy header: names the peer itself if the proxy connects on its own behalf") {
  check_reads(v2(0x20, 0x00, ""), nobody + ", local");
  check_reads(v2(0x20, 0x11, addresses_v4), nobody + ", local");
  check_reads(v2(0x20, 0xff, "anything"), nobody + ", local");
}

TEST_CASE("proxy header: has in version 2 the length that it says") {
  check_reads(v2(0x21, 0x11, addresses_v4), client_v4);
  check_reads(v2(0x21, 0x21, addresses_v6), client_v6);
}

TEST_CASE("proxy header: skips what TLVs say, and demands that they fill their part") {
  check_reads(v2(0x21, 0x11, addresses_v4 + tlv(0)), client_v4);
  check_reads(v2(0x21, 0x21, addresses_v6 + tlv(5) + tlv(300)), client_v6);
  for (const auto& wrong : {"\4"s, "\4\0"s, "\4\0\1"s, tlv(5) + "x", tlv(5).substr(0, 7)})
    check_refuses(v2(0x21, 0x11, addresses_v4 + wrong), protocol_errc::bad_proxy_header);
}

TEST_CASE("proxy header: takes one of the greatest length, and no longer one") {
  const auto room = proxy_header::longest_v2 - v2(0x21, 0x11, addresses_v4 + tlv(0)).size();
  const auto longest = v2(0x21, 0x11, addresses_v4 + tlv(room));
  CHECK(told_header({longest, after_it}) == client_v4 + "|" + escaped(after_it));
  CHECK(told_header(byte_by_byte(longest)) == client_v4 + "|");
  check_refuses(v2(0x21, 0x11, addresses_v4 + tlv(room + 1)).substr(0, 16), protocol_errc::long_proxy_header);
  check_refuses(v2(0x20, 0, std::string(65535, 'x')).substr(0, 16), protocol_errc::long_proxy_header);
  check_refuses("PROXY UNKNOWN " + std::string(proxy_header::longest_v1 - 14, 'x'), protocol_errc::long_proxy_header);
}

TEST_CASE("proxy header: is missing if the stream begins with something else") {
  for (const auto& other : {"Hello\n"s, "\0\0\0\3abc"s, "\n"s, "PROXx"s, "PROXY\r\n"s, "PROXYTCP4 "s, "proxy TCP4 "s,
           " PROXY TCP4 "s, "\r\r"s, "\r\n\r\n\r"s, signature.substr(0, 11) + "\r", signature.substr(0, 8) + "q"})
    check_refuses(other, protocol_errc::no_proxy_header);
}

TEST_CASE("proxy header: is malformed if a line of version 1 has not exactly its words") {
  const std::string ports = " 1 2";
  for (const auto& words : {""s, "TCP4"s, "TCP4 "s, "TCP5 1.2.3.4 1.2.3.4 1 2"s, "tcp4 1.2.3.4 1.2.3.4 1 2"s,
           "UNKNOWNx"s, "TCP4 1.2.3.4"s, "TCP4 1.2.3.4 1.2.3.4"s, "TCP4 1.2.3.4 1.2.3.4 1"s, "TCP4 1.2.3.4 1.2.3.4 1 "s,
           "TCP4 1.2.3.4 1.2.3.4 1 2 "s, "TCP4 1.2.3.4 1.2.3.4 1 2 3"s, "TCP4  1.2.3.4 1.2.3.4 1 2"s,
           "TCP4 1.2.3.4  1.2.3.4 1 2"s, "TCP4 1.2.3.4 1.2.3.4 1\t2"s, "TCP4 1.2.3.4 1.2.3.4 1 2\r"s,
           " TCP4 1.2.3.4 1.2.3.4 1 2"s, "TCP4 ::1 ::1 1 2"s, "TCP6 1.2.3.4 1.2.3.4 1 2"s, "TCP6 ::1 1.2.3.4 1 2"s})
    check_refuses(v1(words), protocol_errc::bad_proxy_header);
  check_refuses("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", protocol_errc::bad_proxy_header);
  check_refuses("PROXY UNKNOWN\n", protocol_errc::bad_proxy_header);
}

TEST_CASE("proxy header: is malformed if a number in a line is") {
  for (const std::string host : {"1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3",
           "1..2.3", "+1.2.3.4", "1.2.3.-4", "1.2.3.0x4", "1.2.3.4x", "localhost", ""}) {
    check_refuses(v1("TCP4 " + host + " 1.2.3.4 1 2"), protocol_errc::bad_proxy_header);
    check_refuses(v1("TCP4 1.2.3.4 " + host + " 1 2"), protocol_errc::bad_proxy_header);
  }
  for (const std::string host : {"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
           "1::2::3", ":::", ":", "1:", ":1", "12345::", "g::", "-1::", "0x1::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
           "::1.2.3.4:5", "::1.2.3.256", "fe80::1%lo", "[::1]", ""})
    check_refuses(v1("TCP6 " + host + " ::1 1 2"), protocol_errc::bad_proxy_header);
  for (const std::string port : {"65536", "100000", "-1", "+1", "01", "00", "0x1", "1x", "1e1", "http"}) {
    check_refuses(v1("TCP4 1.2.3.4 1.2.3.4 " + port + " 2"), protocol_errc::bad_proxy_header);
    check_refuses(v1("TCP4 1.2.3.4 1.2.3.4 1 " + port), protocol_errc::bad_proxy_header);
  }
}

TEST_CASE("proxy header: is malformed in version 2 if command or family are, or the addresses do not fit in") {
  for (const unsigned command : {0x01U, 0x11U, 0x22U, 0x2fU, 0x31U, 0xffU})
    check_refuses(v2(command, 0x11, addresses_v4), protocol_errc::bad_proxy_header);
  for (const unsigned kind : {0x41U, 0x13U, 0x03U, 0xf1U, 0x1fU})
    check_refuses(v2(0x21, kind, addresses_v4), protocol_errc::bad_proxy_header);
  check_refuses(v2(0x21, 0x11, ""), protocol_errc::bad_proxy_header);
  check_refuses(v2(0x21, 0x11, addresses_v4.substr(1)), protocol_errc::bad_proxy_header);
  check_refuses(v2(0x21, 0x21, addresses_v4), protocol_errc::bad_proxy_header);
  check_refuses(v2(0x21, 0x21, addresses_v6.substr(1)), protocol_errc::bad_proxy_header);
}

TEST_CASE("proxy header: is written as it is read") {
  const auto version = GENERATE(proxy_version::v1, proxy_version::v2);
  const std::array<unsigned char, 4> v4{192, 0, 2, 7};
  const std::array<unsigned char, 4> to_v4{198, 51, 100, 1};
  const std::array<unsigned char, 16> v6{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  std::string header;
  append_proxy_header(header, version, {v4, 56324}, {to_v4, 443});
  CHECK(header ==
        (version == proxy_version::v1 ? v1("TCP4 192.0.2.7 198.51.100.1 56324 443") : v2(0x21, 0x11, addresses_v4)));
  check_reads(header, client_v4);
  header.clear();
  append_proxy_header(header, version, {v6, 56324}, {v6, 443});
  CHECK(header == (version == proxy_version::v1 ? v1("TCP6 2001:db8:0:0:0:0:0:7 2001:db8:0:0:0:0:0:7 56324 443")
                                                : v2(0x21, 0x21, addresses_v6)));
  check_reads(header, client_v6);
}
