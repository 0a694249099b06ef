#include "tools/compare/contestant.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace revecho::compare {
namespace {

constexpr auto allowed = "sync iterative, sync threads, sync pool(N), async(N), epoll(N)";

// Takes "(N)" off the end of the name.
std::uint64_t take_number(std::string& name, std::uint64_t otherwise) {
  const auto open = name.find('(');
  if (open == name.npos) return otherwise;
  if (!name.ends_with(')')) throw std::invalid_argument(fmt::format("'{}': ')' is missing", name));
  const auto number =
      parse_count(std::string_view(name).substr(open + 1, name.size() - open - 2), 1, limits::max_threads);
  name.resize(open);
  return number;
}

contestant parse_model(const std::string& text) {
  constexpr auto sync = "revecho-sync-server";
  std::string model = text;
  const bool has_number = text.find('(') != text.npos;
  const bool has_loops = model.starts_with("async") || model.starts_with("epoll");
  const auto number = take_number(model, has_loops ? 1 : limits::default_pool_threads);
  const auto threads = std::to_string(number);
  if (model == "async" || model == "epoll") {
    auto program = fmt::format("revecho-{}-server", model);
    return {fmt::format("{}({})", model, threads), std::move(program), {"--threads", threads}, std::nullopt,
        static_cast<unsigned>(number)};
  }
  if (model == "sync pool")
    return {fmt::format("sync pool({})", threads), sync, {"--model", "pool", "--threads", threads}, std::nullopt};
  if (!has_number && model == "sync iterative") return {model, sync, {"--model", "iterative"}, std::nullopt};
  if (!has_number && model == "sync threads") return {model, sync, {"--model", "threads"}, std::nullopt};
  throw std::invalid_argument(fmt::format("'{}' is not a model: {}", text, allowed));
}

} // namespace

std::vector<contestant> parse_models(const std::string& text) {
  std::vector<contestant> all;
  for (const auto& part : split_list(text))
    all.push_back(parse_model(part));
  return all;
}

std::vector<contestant> on_transports(const std::vector<contestant>& models, const std::vector<transport>& transports) {
  std::vector<contestant> all;
  for (const auto& model : models) {
    for (const auto each : transports) {
      auto& who = all.emplace_back(model);
      who.on_unix = each == transport::unix_socket;
      if (who.on_unix) who.name += " unix";
    }
  }
  return all;
}

contestant parse_running(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == text.npos || equals == 0)
    throw std::invalid_argument(fmt::format("'{}': write it as NAME=ENDPOINT or NAME=ENDPOINT,pid=N", text));
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_control))
    throw std::invalid_argument("a name has no control characters");
  constexpr std::string_view before_pid = ",pid=";
  const auto comma = std::min(text.rfind(before_pid), text.size());
  contestant c{text.substr(0, equals), {}, {}, parse_target(text.substr(equals + 1, comma - equals - 1))};
  if (comma < text.size())
    c.process = find_process(
        static_cast<pid_t>(parse_count(text.substr(comma + before_pid.size()), 1, std::numeric_limits<pid_t>::max())));
  return c;
}

} // namespace revecho::compare
