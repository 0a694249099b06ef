// The file in which a server writes where it listens, for whoever started it. Knows no sockets.
#pragma once

#include <string>
#include <vector>

namespace revecho {

/// Writes the lines. The file appears atomically, already complete, in place of whatever had its name. A
/// pipe or a device is written to, which for a pipe waits until somebody reads or a stop signal comes, and so is a file
/// that cannot be replaced. Throws std::system_error naming the file, and leaves nothing behind.
void write_port_file(const std::string& path, const std::vector<std::string>& lines);

} // namespace revecho
