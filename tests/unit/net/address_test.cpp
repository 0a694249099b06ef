// The order in which the addresses of a name are tried.
#include "tests/support/catch.hpp"

#include "shared/net/address.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace revecho;

namespace {

std::vector<std::string> tried(const std::vector<std::string>& preferred) {
  std::vector<socket_address> addresses;
  for (const auto& host : preferred)
    addresses.push_back(*socket_address::parse(host, 7));
  std::vector<std::string> order;
  for (const auto& address : with_alternating_families(addresses))
    order.push_back(address.host());
  return order;
}

using hosts = std::vector<std::string>;

} // namespace

TEST_CASE("addresses: are tried with families in turn, the preferred one first") {
  CHECK(tried({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}) == hosts{"::1", "10.0.0.1", "::2", "10.0.0.2", "::3"});
  CHECK(tried({"10.0.0.1", "::1", "10.0.0.2", "10.0.0.3"}) == hosts{"10.0.0.1", "::1", "10.0.0.2", "10.0.0.3"});
}

TEST_CASE("addresses: keep the order of preference within a family") {
  CHECK(tried({"10.0.0.3", "10.0.0.1", "10.0.0.2"}) == hosts{"10.0.0.3", "10.0.0.1", "10.0.0.2"});
  CHECK(tried({}).empty());
}

TEST_CASE("addresses: are tried once, however often a name has them") {
  CHECK(tried({"10.0.0.1", "::1", "10.0.0.1", "::1"}) == hosts{"10.0.0.1", "::1"});
}

TEST_CASE("addresses: of one path are equal, and unlike those of another path, of a client, and of loopback") {
  const auto a = socket_address::at_path("/run/a");
  CHECK(a == socket_address::at_path("/run/" + std::string("a")));
  CHECK_FALSE(a == socket_address::at_path("/run/b"));
  CHECK_FALSE(a == socket_address::without_path());
  CHECK_FALSE(a == socket_address());
  CHECK(a.to_endpoint() == endpoint{"", 0, "/run/a"});
  CHECK(socket_address::parse(a.to_endpoint()) == a);
}

TEST_CASE("addresses: of UNIX sockets are what the system's calls take") {
  const auto a = socket_address::at_path("/run/a");
  const auto& structure = *reinterpret_cast<const sockaddr_un*>(std::as_const(a).data());
  CHECK(structure.sun_family == AF_UNIX);
  CHECK(std::string(structure.sun_path) == "/run/a");
  CHECK(a.size() == sizeof structure);
  CHECK(socket_address::without_path().size() == sizeof(sa_family_t));
  CHECK(socket_address::without_path().host().empty());
}
