#include "shared/protocol/error.hpp"

#include <string>

namespace revecho {
namespace {

class protocol_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "revecho"; }

  std::string message(int value) const override {
    switch (static_cast<protocol_errc>(value)) {
    case protocol_errc::probe:
      return "the peer left without sending a byte";
    case protocol_errc::message_too_long:
      return "message over the limit";
    case protocol_errc::truncated_message:
      return "stream ended inside a message";
    case protocol_errc::no_proxy_header:
      return "no PROXY header";
    case protocol_errc::bad_proxy_header:
      return "malformed PROXY header";
    case protocol_errc::long_proxy_header:
      return "PROXY header over the limit";
    case protocol_errc::truncated_proxy_header:
      return "stream ended inside the PROXY header";
    case protocol_errc::idle_timeout:
      return "idle for too long";
    case protocol_errc::message_timeout:
      return "message took too long to arrive";
    case protocol_errc::write_timeout:
      return "replies were not read in time";
    }
    return "unknown error";
  }
};

} // namespace

const std::error_category& protocol_category() noexcept {
  static const protocol_category_type category;
  return category;
}

std::error_code make_error_code(protocol_errc error) noexcept { return {static_cast<int>(error), protocol_category()}; }

} // namespace revecho
