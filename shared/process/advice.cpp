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

std::string_view advice_for_listening_at_path(std::error_code error) noexcept {
  if (error == std::errc::address_in_use) return "another program has it open; stop that, or choose another path";
  if (error == std::errc::not_a_socket) return "something else has that name; remove it, or choose another path";
  if (error == std::errc::no_such_file_or_directory) return "there is no such folder; create it first";
  if (error == std::errc::permission_denied)
    return "the folder, and a socket that is there already, have to be writable; choose another path";
  return {};
}

std::string_view advice_for_connecting(std::error_code error) noexcept {
  if (error == std::errc::connection_refused || error == std::errc::no_such_file_or_directory)
    return "nothing listens there; is the server running?";
  if (error == std::errc::address_not_available)
    return "all ports towards it are in use; wait until some are free, or widen net.ipv4.ip_local_port_range";
  if (error == std::errc::permission_denied)
    return "the socket's file has to be writable; give the server another --socket-mode";
  return {};
}

} // namespace

std::string_view advice_for(attempt what, std::error_code error) noexcept {
  if (error == std::errc::too_many_files_open) return "raise the descriptor limit (ulimit -n)";
  switch (what) {
  case attempt::listening:
    return advice_for_listening(error);
  case attempt::listening_at_path:
    return advice_for_listening_at_path(error);
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
