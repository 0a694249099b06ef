#include "shared/protocol/failure.hpp"

namespace revecho {
namespace {

// "after 3 of 10 bytes of the reply"
std::string progress_of(const verifier& check) {
  return "after " + std::to_string(check.received()) + " of " + std::to_string(check.expected()) +
         " bytes of the reply";
}

} // namespace

std::string describe_wrong(std::string_view kind) { return "wrong reply: " + std::string(kind); }

std::string describe_late(const verifier& check, std::string_view timeout) {
  return "late: no more " + progress_of(check) + " in " + std::string(timeout);
}

std::string describe_lost(const verifier& check, std::string_view reason) {
  return "lost: " + std::string(reason) + ", " + progress_of(check);
}

std::string describe_missing(const verifier& check) {
  return "missing: the connection was closed " + progress_of(check);
}

} // namespace revecho
