#include "shared/net/address.hpp"

#include "shared/net/error.hpp"
#include "shared/options/limits.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>

namespace revecho {
namespace {

class resolver_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "resolver"; }

  std::string message(int value) const override {
    switch (value) {
    case EAI_NONAME:
      return "Host not found (authoritative)";
    case EAI_AGAIN:
      return "Host not found (non-authoritative), try again later";
    case EAI_FAIL:
      return "A non-recoverable error occurred during database lookup";
    case EAI_INPROGRESS:
      return "The name servers did not answer in time";
    }
    return ::gai_strerror(value);
  }
};

struct freeing {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

// Numeric hosts take no name service, and no memory that a look-up would.
std::unique_ptr<addrinfo, freeing> look_up(const std::string& host, std::uint16_t port, int flags, int& failure) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  return std::unique_ptr<addrinfo, freeing>(failure == 0 ? found : nullptr);
}

// In each connection a path of its own would take 108 bytes.
const sockaddr_un* keep_path(const std::string& path) {
  static_assert(limits::longest_socket_path == sizeof sockaddr_un::sun_path - 1);
  static std::mutex mutex;
  static std::list<sockaddr_un> kept;
  const std::lock_guard lock(mutex);
  for (const auto& each : kept)
    if (path == each.sun_path) return &each;
  auto& added = kept.emplace_back(sockaddr_un{.sun_family = AF_UNIX, .sun_path = {}});
  path.copy(added.sun_path, limits::longest_socket_path);
  return &added;
}

} // namespace

std::optional<socket_address> socket_address::parse(const std::string& host, std::uint16_t port) {
  int failure = 0;
  const auto found = look_up(host, port, AI_NUMERICHOST, failure);
  if (!found) return std::nullopt;
  return from(found->ai_addr, found->ai_addrlen);
}

socket_address socket_address::at_path(const std::string& path) {
  auto result = without_path();
  result.storage_.local.kept = keep_path(path);
  return result;
}

socket_address socket_address::without_path() noexcept {
  socket_address result;
  result.storage_.local = {AF_UNIX, nullptr};
  return result;
}

std::optional<socket_address> socket_address::parse(const endpoint& where) {
  if (where.is_unix()) return at_path(where.path);
  return parse(where.host, where.port);
}

socket_address socket_address::from(const sockaddr* address, std::size_t size) noexcept {
  socket_address result;
  std::memcpy(result.data(), address, std::min<std::size_t>(size, capacity));
  return result;
}

socket_address socket_address::v4(std::uint32_t host, std::uint16_t port) noexcept {
  socket_address result;
  result.storage_.v4.sin_addr.s_addr = htonl(host);
  result.storage_.v4.sin_port = htons(port);
  return result;
}

socket_address socket_address::from_bytes(std::span<const unsigned char> host, std::uint16_t port) noexcept {
  socket_address result;
  if (host.size() == sizeof(in6_addr)) {
    result.storage_.v6 = sockaddr_in6{};
    result.storage_.v6.sin6_family = AF_INET6;
    std::memcpy(&result.storage_.v6.sin6_addr, host.data(), sizeof(in6_addr));
  } else {
    std::memcpy(&result.storage_.v4.sin_addr, host.data(), sizeof(in_addr));
  }
  result.set_port(port);
  return result;
}

std::uint16_t socket_address::port() const noexcept {
  if (is_unix()) return 0;
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

void socket_address::set_port(std::uint16_t port) noexcept {
  (family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port) = htons(port);
}

socket_address socket_address::next_host() const noexcept {
  auto next = *this;
  const bool is_v6 = family() == AF_INET6;
  auto* const bytes =
      is_v6 ? next.storage_.v6.sin6_addr.s6_addr : reinterpret_cast<std::uint8_t*>(&next.storage_.v4.sin_addr.s_addr);
  std::size_t i = is_v6 ? sizeof(in6_addr) : sizeof(in_addr);
  while (i > 0 && ++bytes[--i] == 0)
    ;
  return next;
}

std::span<const unsigned char> socket_address::host_bytes() const noexcept {
  if (family() == AF_INET6) return storage_.v6.sin6_addr.s6_addr;
  return {reinterpret_cast<const unsigned char*>(&storage_.v4.sin_addr), sizeof(in_addr)};
}

std::string socket_address::host() const {
  if (is_unix()) return storage_.local.kept == nullptr ? "" : storage_.local.kept->sun_path;
  char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE] = "";
  ::getnameinfo(data(), size(), text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

endpoint socket_address::to_endpoint() const {
  if (is_unix()) return {"", 0, host()};
  return {host(), port()};
}

const sockaddr* socket_address::data() const noexcept {
  if (is_unix() && storage_.local.kept != nullptr) return reinterpret_cast<const sockaddr*>(storage_.local.kept);
  return &storage_.any;
}

socklen_t socket_address::size() const noexcept {
  if (is_unix()) return storage_.local.kept == nullptr ? sizeof(sa_family_t) : sizeof(sockaddr_un);
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool operator==(const socket_address& a, const socket_address& b) noexcept {
  if (a.family() != b.family() || a.port() != b.port()) return false;
  if (a.is_unix()) return a.storage_.local.kept == b.storage_.local.kept;
  if (a.family() != AF_INET6) return a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
  return std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0 &&
         a.storage_.v6.sin6_scope_id == b.storage_.v6.sin6_scope_id;
}

const std::error_category& resolver_category() noexcept {
  static const resolver_category_type category;
  return category;
}

std::vector<socket_address> resolve(const endpoint& to, std::error_code& error) {
  error.clear();
  if (const auto address = socket_address::parse(to)) return {*address};
  int failure = 0;
  const auto found = look_up(to.host, to.port, AI_ADDRCONFIG, failure);
  if (failure == EAI_SYSTEM) error = last_error();
  if (failure != 0 && failure != EAI_SYSTEM) error.assign(failure, resolver_category());
  if (failure == EAI_MEMORY) error = std::make_error_code(std::errc::not_enough_memory);
  std::vector<socket_address> addresses;
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next)
    addresses.push_back(socket_address::from(entry->ai_addr, entry->ai_addrlen));
  return with_alternating_families(addresses);
}

std::vector<socket_address> with_alternating_families(const std::vector<socket_address>& preferred) {
  std::vector<socket_address> first; // of the family that comes first
  std::vector<socket_address> other;
  for (const auto& address : preferred) {
    auto& family = address.family() == preferred.front().family() ? first : other;
    if (std::find(family.begin(), family.end(), address) == family.end()) family.push_back(address);
  }
  std::vector<socket_address> result;
  for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) result.push_back(first[i]);
    if (i < other.size()) result.push_back(other[i]);
  }
  return result;
}

} // namespace revecho
