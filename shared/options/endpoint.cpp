#include "shared/options/endpoint.hpp"

#include "shared/options/limits.hpp"
#include "shared/options/quantity.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace revecho {
namespace {

constexpr std::string_view unix_prefix = "unix:";

[[noreturn]] void reject(std::string_view text, std::string_view reason) {
  throw std::invalid_argument(
      fmt::format("'{}' is not an endpoint ({}): write HOST:PORT, [V6]:PORT, :PORT, PORT or unix:PATH", text, reason));
}

std::uint16_t parse_port(std::string_view text, std::string_view port) {
  try {
    return static_cast<std::uint16_t>(parse_count(port, 0, 65535));
  } catch (const std::invalid_argument&) {
    reject(text, "a port is a number from 0 to 65535");
  }
}

endpoint parse_path(std::string_view text, std::string_view path) {
  if (path.empty()) reject(text, "the path is missing");
  if (path.starts_with('@')) reject(text, "abstract sockets are not supported; unix:./@NAME is a file of that name");
  if (path.size() > limits::longest_socket_path)
    reject(text, fmt::format("the path of a socket has at most {} bytes", limits::longest_socket_path));
  return {"", 0, std::string(path)};
}

} // namespace

endpoint parse_endpoint(std::string_view text) {
  if (text.starts_with(unix_prefix)) return parse_path(text, text.substr(unix_prefix.size()));
  endpoint result;
  const auto colon = text.rfind(':');
  if (colon == text.npos) {
    result.port = parse_port(text, text);
    return result;
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') != host.ends_with(']') || host == "[]") reject(text, "the brackets are incomplete");
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    reject(text, "an IPv6 address needs brackets");
  }
  if (host.find_first_of(" \t\r\n[]") != host.npos) reject(text, "a host has no spaces or brackets inside");
  result.port = parse_port(text, text.substr(colon + 1));
  if (!host.empty()) result.host = host;
  return result;
}

endpoint parse_target(std::string_view text) {
  auto result = parse_endpoint(text);
  if (result.port == 0 && !result.is_unix()) reject(text, "a port to connect to is a number from 1 to 65535");
  return result;
}

std::string to_string(const endpoint& e) {
  if (e.is_unix()) return fmt::format("{}{}", unix_prefix, e.path);
  const bool is_v6 = e.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", e.host, e.port) : fmt::format("{}:{}", e.host, e.port);
}

} // namespace revecho
