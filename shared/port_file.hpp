// The file in which a server says on which ports it listens, for those who started it. Knows no sockets.
#pragma once

#include "shared/endpoint.hpp"

#include <string>
#include <vector>

namespace revecho {

/// Writes the port of each endpoint, a line each. Who waits for the file to appear finds it complete. Symbolic links
/// stay what they are; a pipe or a device is written to, which for a pipe waits until somebody reads. Throws
/// std::system_error naming the file, and leaves none behind.
void write_port_file(const std::string& path, const std::vector<endpoint>& listening);

} // namespace revecho
