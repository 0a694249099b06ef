// Standard input of a program, as lines.
#pragma once

#include <string>
#include <vector>

namespace revecho {

/// Everything up to the end, line by line, without the line ends; a last line may lack its own. Throws
/// std::system_error.
std::vector<std::string> read_lines_of_stdin();

} // namespace revecho
