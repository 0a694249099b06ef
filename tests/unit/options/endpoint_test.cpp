// Endpoints as people write them.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"

#include "shared/options/endpoint.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace revecho;
using revecho::test::contains;

namespace {

template <class Parse>
std::string refusal(Parse parse, const std::string& text) {
  try {
    static_cast<void>(parse(text));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

const std::vector<std::string> bad_endpoints{"", ":", "host:", "-1", "+5", " 1", "1 ", "65536", ":65536", ":-1", "0x10",
    "1e99", "1.5", "1 s", "[::1]", "[]:1", "::1:80", "::1", "[::1]80", "[::1", "::1]:80", "[::1:80", "[[::1]]:80",
    "[::1]x:80", "x[::1]:80", "a b:1", " :1", "host :1", " host:1", "\thost:1", "host\n:1", "host: 1", "host:+5",
    "host:0x10", "host:http", "host", "[:1", "]:1", "a[b:1", "99999999999999999999999", ":18446744073709551617",
    "unix:", "unix:@abstract", "unix:/" + std::string(107, 'x')};

} // namespace

TEST_CASE("parse_endpoint: takes a port, a host and a port, and an IPv6 address in brackets") {
  const std::vector<std::pair<std::string, endpoint>> good{{"6789", {"127.0.0.1", 6789}}, {"0", {"127.0.0.1", 0}},
      {":6789", {"127.0.0.1", 6789}}, {"localhost:1", {"localhost", 1}}, {"10.0.0.1:65535", {"10.0.0.1", 65535}},
      {"0.0.0.0:0", {"0.0.0.0", 0}}, {"[::1]:80", {"::1", 80}}, {"[::]:0", {"::", 0}},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", 80}}, {"my-host.example.org:007", {"my-host.example.org", 7}}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    const auto parsed = parse_endpoint(text);
    CHECK(parsed.host == value.host);
    CHECK(parsed.port == value.port);
  }
}

TEST_CASE("parse_endpoint: takes the path of a UNIX socket, of up to 107 bytes") {
  const std::string longest = "/" + std::string(106, 'x');
  for (const std::string& path : {std::string("/run/a.sock"), std::string("a"), std::string("./@b:1 c"), longest}) {
    CAPTURE(path);
    for (const auto& parsed : {parse_endpoint("unix:" + path), parse_target("unix:" + path)}) {
      CHECK(parsed == endpoint{"", 0, path});
      CHECK(parsed.is_unix());
      CHECK(to_string(parsed) == "unix:" + path);
    }
  }
  CHECK_FALSE(parse_endpoint("6789").is_unix());
}

TEST_CASE("parse_endpoint: refuses anything else, and says how to write it") {
  for (const auto& text : bad_endpoints) {
    CAPTURE(text);
    const auto message = refusal(parse_endpoint, text);
    CHECK_THAT(message, contains("'" + text + "'"));
    CHECK_THAT(message, contains("HOST:PORT, [V6]:PORT, :PORT, PORT or unix:PATH"));
  }
}

TEST_CASE("parse_endpoint: says what is wrong") {
  CHECK_THAT(refusal(parse_endpoint, "host:65536"), contains("a port is a number from 0 to 65535"));
  CHECK_THAT(refusal(parse_endpoint, "::1:80"), contains("an IPv6 address needs brackets"));
  CHECK_THAT(refusal(parse_endpoint, "[::1:80"), contains("brackets are incomplete"));
  CHECK_THAT(refusal(parse_endpoint, "a b:80"), contains("no spaces"));
  CHECK_THAT(refusal(parse_endpoint, "unix:"), contains("the path is missing"));
  CHECK_THAT(refusal(parse_endpoint, "unix:@a"), contains("unix:./@NAME"));
  CHECK_THAT(refusal(parse_endpoint, "unix:" + std::string(108, 'x')), contains("at most 107 bytes"));
}

TEST_CASE("parse_target: takes what parse_endpoint takes, except port 0") {
  CHECK(parse_target("6789") == endpoint{"127.0.0.1", 6789});
  CHECK(parse_target("[::1]:1") == endpoint{"::1", 1});
  for (const std::string text : {"0", ":0", "localhost:0", "[::1]:0", "localhost:00"}) {
    CAPTURE(text);
    CHECK_THAT(refusal(parse_target, text), contains("from 1 to 65535"));
  }
  for (const auto& text : bad_endpoints) {
    CAPTURE(text);
    CHECK_THAT(refusal(parse_target, text), contains("'" + text + "'"));
  }
}

TEST_CASE("to_string: writes an endpoint so that it can be read back") {
  CHECK(to_string(endpoint{"127.0.0.1", 6789}) == "127.0.0.1:6789");
  CHECK(to_string(endpoint{"::1", 0}) == "[::1]:0");
  CHECK(to_string(parse_endpoint(":80")) == "127.0.0.1:80");
  for (const endpoint& e :
      {endpoint{"127.0.0.1", 0}, endpoint{"example.org", 65535}, endpoint{"::", 1}, endpoint{"fe80::1%eth0", 443}}) {
    CAPTURE(e.host, e.port);
    CHECK(parse_endpoint(to_string(e)) == e);
  }
}
