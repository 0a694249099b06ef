// The file in which a server writes its ports, for whoever started it. Knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revecho {

/// Writes the ports, a line each. The file appears atomically, already complete, in place of whatever had its name. A
/// pipe or a device is written to, which for a pipe waits until somebody reads or a stop signal comes, and so is a file
/// that cannot be replaced. Throws std::system_error naming the file, and leaves nothing behind.
void write_port_file(const std::string& path, const std::vector<std::uint16_t>& ports);

} // namespace revecho
