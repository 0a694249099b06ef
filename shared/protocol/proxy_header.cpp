#include "shared/protocol/proxy_header.hpp"

#include "shared/protocol/error.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace revecho {
namespace {

using namespace std::string_view_literals;

constexpr auto signature_v1 = "PROXY "sv;
constexpr std::size_t fixed_size = 16; // of v2: the signature, and four bytes
constexpr unsigned version_and_local = 0x20;
constexpr unsigned version_and_proxy = 0x21;
constexpr unsigned tcp_v4 = 0x11;
constexpr unsigned tcp_v6 = 0x21;
constexpr std::size_t v4_size = 4;
constexpr std::size_t v6_size = 16;

unsigned byte_of(std::string_view bytes, std::size_t place) noexcept {
  return static_cast<unsigned char>(bytes[place]);
}

// Big-endian.
std::uint16_t number_at(std::string_view bytes, std::size_t place) noexcept {
  return static_cast<std::uint16_t>(byte_of(bytes, place) << 8 | byte_of(bytes, place + 1));
}

void append_number(std::string& out, std::size_t number) {
  out += static_cast<char>(number >> 8 & 0xff);
  out += static_cast<char>(number & 0xff);
}

// Takes off the front of `text` what stands before the separator, or all of it, and the separator.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const auto part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

// A number that is written without a sign or, if it is decimal, leading zeros.
template <class Number>
bool read_number(std::string_view text, int base, Number& number) noexcept {
  unsigned value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || stopped != text.data() + text.size()) return false;
  if (value > std::numeric_limits<Number>::max() || text.size() > (base == 10 && text[0] == '0' ? 1 : 5)) return false;
  number = static_cast<Number>(value);
  return true;
}

bool read_v4(std::string_view text, std::span<unsigned char, v4_size> bytes) noexcept {
  if (std::count(text.begin(), text.end(), '.') != 3) return false;
  return std::all_of(
      bytes.begin(), bytes.end(), [&](unsigned char& byte) { return read_number(take_until(text, '.'), 10, byte); });
}

// RFC 4291, 2.2: groups of hexadecimal digits, of which "::" stands for one or more that are zero; the last two may be
// an IPv4 address.
bool read_v6(std::string_view text, std::array<unsigned char, v6_size>& bytes) noexcept {
  std::size_t size = 0;
  std::optional<std::size_t> gap; // where the zeros go
  if (text.starts_with("::")) gap = 0, text.remove_prefix(2);
  while (!text.empty()) {
    const bool is_last = text.find(':') == text.npos;
    const auto group = take_until(text, ':');
    std::uint16_t number = 0;
    if (is_last && size + v4_size <= v6_size && read_v4(group, std::span(bytes).subspan(size).first<v4_size>())) {
      size += v4_size;
      break;
    }
    if (size == v6_size || group.size() > 4 || !read_number(group, 16, number)) return false;
    bytes[size++] = static_cast<unsigned char>(number >> 8);
    bytes[size++] = static_cast<unsigned char>(number & 0xff);
    if (text.empty() && !is_last) return false; // a colon at the end
    if (!text.starts_with(':')) continue;
    if (gap) return false;
    gap = size;
    text.remove_prefix(1);
  }
  if (!gap) return size == v6_size;
  if (size >= v6_size) return false;
  const std::size_t zeros = v6_size - size;
  for (std::size_t i = v6_size; i-- > *gap;)
    bytes[i] = i >= *gap + zeros ? bytes[i - zeros] : 0;
  return true;
}

// The port is not in it.
std::optional<proxy_address> read_host(std::string_view text, std::size_t size) noexcept {
  proxy_address address;
  address.size = size;
  const bool is_right =
      size == v4_size ? read_v4(text, std::span(address.bytes).first<v4_size>()) : read_v6(text, address.bytes);
  return is_right ? std::optional(address) : std::nullopt;
}

// Eight groups: shortening them is not demanded.
void append_host(std::string& out, const proxy_address& address) {
  const bool is_v4 = address.size == v4_size;
  std::array<char, 4> digits;
  for (std::size_t i = 0; i < address.size; i += is_v4 ? 1 : 2) {
    if (i > 0) out += is_v4 ? '.' : ':';
    const unsigned number = is_v4 ? address.bytes[i] : address.bytes[i] * 256U + address.bytes[i + 1];
    const auto end = std::to_chars(digits.begin(), digits.end(), number, is_v4 ? 10 : 16).ptr;
    out.append(digits.begin(), end);
  }
}

} // namespace

proxy_address::proxy_address(std::span<const unsigned char> host, std::uint16_t its_port) noexcept
    : size(host.size()), port(its_port) {
  std::copy(host.begin(), host.end(), bytes.begin());
}

bool proxy_header::receive(std::span<char>& input) {
  while (!input.empty() && !complete_ && !error_) {
    bytes_ += input.front();
    input = input.subspan(1);
    examine();
  }
  return complete_;
}

void proxy_header::examine() {
  const std::string_view seen = bytes_;
  if (seen.starts_with(signature_v1)) {
    if (seen.back() == '\n') return read_line();
    if (seen.size() == longest_v1) fail(protocol_errc::long_proxy_header);
  } else if (seen.starts_with(proxy_signature_v2)) {
    if (seen.size() == fixed_size) read_fixed_part();
    if (seen.size() == size_ && !error_) read_addresses();
  } else if (!signature_v1.starts_with(seen) && !proxy_signature_v2.starts_with(seen)) {
    fail(protocol_errc::no_proxy_header);
  }
}

void proxy_header::read_line() {
  std::string_view line = std::string_view(bytes_).substr(signature_v1.size());
  if (!line.ends_with("\r\n")) return fail(protocol_errc::bad_proxy_header);
  line.remove_suffix(2);
  const auto family = take_until(line, ' ');
  complete_ = family == "UNKNOWN";
  if (complete_) return;
  if (family != "TCP4" && family != "TCP6") return fail(protocol_errc::bad_proxy_header);
  const std::size_t size = family == "TCP4" ? v4_size : v6_size;
  auto source = read_host(take_until(line, ' '), size);
  auto destination = read_host(take_until(line, ' '), size);
  complete_ = source && destination && read_number(take_until(line, ' '), 10, source->port) &&
              read_number(line, 10, destination->port);
  if (!complete_) return fail(protocol_errc::bad_proxy_header);
  client_ = source;
}

void proxy_header::read_fixed_part() {
  constexpr unsigned highest_family = 3;
  constexpr unsigned highest_protocol = 2;
  const unsigned command = byte_of(bytes_, 12);
  const unsigned kind = byte_of(bytes_, 13);
  size_ = fixed_size + number_at(bytes_, 14);
  is_local_ = command == version_and_local;
  const bool is_known = kind >> 4 <= highest_family && (kind & 0xf) <= highest_protocol;
  if (!is_local_ && (command != version_and_proxy || !is_known)) return fail(protocol_errc::bad_proxy_header);
  if (size_ > longest_v2) fail(protocol_errc::long_proxy_header);
}

// Whatever is not TCP is skipped, as the specification wants it, as is what the TLVs say; but they have to fill the
// rest.
void proxy_header::read_addresses() {
  const unsigned kind = byte_of(bytes_, 13);
  complete_ = true;
  if (is_local_ || (kind != tcp_v4 && kind != tcp_v6)) return;
  const std::size_t host_size = kind == tcp_v4 ? v4_size : v6_size;
  std::size_t place = fixed_size + 2 * host_size + 4;
  constexpr std::size_t tlv_start = 3; // a type, and a length
  while (place + tlv_start <= size_)
    place += tlv_start + number_at(bytes_, place + 1);
  complete_ = place == size_;
  if (!complete_) return fail(protocol_errc::bad_proxy_header);
  const auto* const source = reinterpret_cast<const unsigned char*>(bytes_.data()) + fixed_size;
  client_.emplace(std::span(source, host_size), number_at(bytes_, fixed_size + 2 * host_size));
}

void append_proxy_header(
    std::string& out, proxy_version version, const proxy_address& source, const proxy_address& destination) {
  const bool is_v4 = source.size == v4_size;
  switch (version) {
  case proxy_version::v1:
    out.append(signature_v1).append(is_v4 ? "TCP4 " : "TCP6 ");
    append_host(out, source);
    append_host(out += ' ', destination);
    out += ' ' + std::to_string(source.port) + ' ' + std::to_string(destination.port) + "\r\n";
    break;
  case proxy_version::v2:
    out.append(proxy_signature_v2);
    out += static_cast<char>(version_and_proxy);
    out += static_cast<char>(is_v4 ? tcp_v4 : tcp_v6);
    append_number(out, 2 * source.size + 4);
    for (const auto* each : {&source, &destination})
      out.append(each->bytes.begin(), each->bytes.begin() + static_cast<std::ptrdiff_t>(each->size));
    append_number(out, source.port);
    append_number(out, destination.port);
    break;
  }
}

} // namespace revecho
