// The words for a reply that did not come as it should: the same in the clients and in the load tool. Knows no sockets
// and no clock.
#pragma once

#include "shared/protocol/verifier.hpp"

#include <string>
#include <string_view>

namespace revecho {

/// "wrong reply: short"; `kind`: to_string() of what is wrong with it.
std::string describe_wrong(std::string_view kind);

/// "late: no more after 3 of 10 bytes of the reply in 10 s"
std::string describe_late(const verifier&, std::string_view timeout);

/// "lost: Connection reset by peer, after 3 of 10 bytes of the reply"
std::string describe_lost(const verifier&, std::string_view reason);

/// "missing: the connection was closed after 3 of 10 bytes of the reply"
std::string describe_missing(const verifier&);

} // namespace revecho
