// How many descriptors this process may have. Knows nothing of what they are for.
#pragma once

#include <cstddef>

namespace revecho {

/// Raises the soft limit to the hard one, and returns it.
std::size_t raise_descriptor_limit() noexcept;

} // namespace revecho
