#include "shared/process/advice.hpp"

namespace revecho {

std::string_view advice_for(std::error_code error) noexcept {
  if (error == std::errc::address_in_use)
    return "another program listens there; choose another port, or port 0 for a free one";
  if (error == std::errc::permission_denied) return "ports below 1024 need privileges; choose a higher one";
  if (error == std::errc::address_not_available) return "no interface of this machine has that address";
  if (error == std::errc::connection_refused) return "nothing listens there; is the server running?";
  if (error == std::errc::too_many_files_open) return "raise the descriptor limit (ulimit -n)";
  return {};
}

} // namespace revecho
