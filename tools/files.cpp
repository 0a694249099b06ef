#include "tools/files.hpp"

#include "shared/process/output.hpp"
#include "shared/process/output_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace revecho {

void check_writable(const std::string& name) {
  if (name.empty() || name == "-") return;
  const std::filesystem::path path(name);
  std::error_code error;
  const bool is_there = std::filesystem::exists(path, error);
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (std::filesystem::is_directory(path, error))
    error = std::make_error_code(std::errc::is_a_directory);
  else if (!is_there && !std::filesystem::is_directory(folder, error))
    error = error ? error : std::make_error_code(std::errc::not_a_directory);
  else if (::access(is_there ? path.c_str() : folder.c_str(), W_OK) != 0)
    error.assign(errno, std::system_category());
  else
    return;
  throw std::system_error(error, fmt::format("cannot write {}", name));
}

void write_file(const std::string& name, std::string_view text) {
  output_file file(name);
  file.write(text);
  file.close();
}

line_file::line_file(const std::string& name) : is_stdout_(name == "-") {
  if (!name.empty() && !is_stdout_) file_ = output_file(name);
}

void line_file::write(std::string_view lines) {
  if (failure_) return;
  try {
    is_stdout_ ? write_to_stdout(lines) : file_.write(lines);
  } catch (const std::system_error&) {
    failure_ = std::current_exception();
  }
}

void line_file::close() {
  if (failure_) std::rethrow_exception(failure_);
  if (file_.is_open()) file_.close();
}

void writing::attempt(const std::function<void()>& write) noexcept {
  try {
    write();
  } catch (const std::exception& error) {
    good_ = false;
    write_to_stderr(fmt::format("{}: {}\n", program_, error.what()));
  }
}

} // namespace revecho
