#include "shared/process/advice.hpp"

namespace revecho {
namespace {

std::string_view advice_for_listening(std::error_code error) noexcept {
  if (error == std::errc::address_in_use)
    return "another program listens there; choose another port, or port 0 for a free one";
  if (error == std::errc::permission_denied) return "ports below 1024 need privileges; choose a higher one";
  if (error == std::errc::address_not_available) return "no interface of this machine has that address";
  return {};
}

std::string_view advice_for_connecting(std::error_code error) noexcept {
  if (error == std::errc::connection_refused) return "nothing listens there; is the server running?";
  if (error == std::errc::address_not_available)
    return "all ports towards it are in use; wait until some are free, or widen net.ipv4.ip_local_port_range";
  return {};
}

} // namespace

std::string_view advice_for(attempt what, std::error_code error) noexcept {
  if (error == std::errc::too_many_files_open) return "raise the descriptor limit (ulimit -n)";
  switch (what) {
  case attempt::listening:
    return advice_for_listening(error);
  case attempt::connecting:
    return advice_for_connecting(error);
  case attempt::other:
    break;
  }
  return {};
}

std::string with_advice(attempt what, std::error_code error) {
  const auto advice = advice_for(what, error);
  return error.message().append(advice.empty() ? "" : "; ").append(advice);
}

} // namespace revecho
