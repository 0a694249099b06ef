#include "shared/process/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace revecho {

std::size_t raise_descriptor_limit() noexcept {
  constexpr rlim_t plenty = 10'000'000; // stands for "unlimited", and caps what is reserved for it
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, plenty));
}

} // namespace revecho
