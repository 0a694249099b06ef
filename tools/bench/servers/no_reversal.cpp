// Takes the place of shared/reverse.cpp in a server that leaves the reversal out (except for the shortest messages), to
// show what it costs.
#include "shared/protocol/reverse.hpp"

void revecho::detail::reverse_many(char*, char*) noexcept {}
