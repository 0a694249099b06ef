// Why a connection ended: this side's reasons, and a peer that left before it sent a byte. Knows no sockets: errors of
// the system pass through as std::error_code in std::system_category.
#pragma once

#include <system_error>

namespace revecho {

/// Why a connection ended. Zero is success, as std::error_code demands.
enum class protocol_errc {
  probe = 1,              ///< the peer left before it sent a byte, as health checks do: no fault of anybody
  message_too_long,       ///< over --max-message; found before memory is allocated for it
  truncated_message,      ///< half-close in the middle of a `length` frame
  no_proxy_header,        ///< with --proxy-protocol: the stream begins with something else
  bad_proxy_header,       ///< it is malformed
  long_proxy_header,      ///< it is longer than proxy_header takes
  truncated_proxy_header, ///< the stream ended inside of it
  idle_timeout,           ///< no message began within --idle-timeout
  message_timeout,        ///< a message begun was not complete within --message-timeout
  write_timeout,          ///< replies were not taken within --write-timeout
};

/// The category of protocol_errc. Thread-safe; lives as long as the program.
const std::error_category& protocol_category() noexcept;

std::error_code make_error_code(protocol_errc) noexcept;

} // namespace revecho

template <>
struct std::is_error_code_enum<revecho::protocol_errc> : std::true_type {};
