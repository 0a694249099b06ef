// The protocol, written down once more and as naively as can be: what the tests compare with. Uses nothing of
// shared/.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::test {

std::string reversed(std::string_view);

/// A 4-byte big-endian length, then the message.
std::string length_frame(std::string_view message);

/// `message` as it is sent in a framing: "raw", "line", "length" or "eof".
std::string framed(const std::string& framing, std::string_view message);

/// A server's answer to all these bytes and a half-close, in any framing but raw.
std::string expected_reply(const std::string& framing, std::string_view stream);

/// Random bytes, of which many mean something in some framing.
std::string random_bytes(std::mt19937_64& random, std::size_t count);

/// The bytes in random pieces.
std::vector<std::string> random_chunks(std::mt19937_64& random, std::string_view bytes);

/// Asks the server at that port one thing over a connection of its own. True if the reply and the end are
/// right.
bool answers(std::uint16_t port, const std::string& framing);

/// True once `condition` is; false if it does not come true.
bool eventually(const std::function<bool()>& condition);

/// Sends all of it over a connection of its own, half-closes, and returns what comes up to the end.
std::string ask(std::uint16_t port, std::string_view bytes);

} // namespace revecho::test
