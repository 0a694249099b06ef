// revecho-compare as a process, with a temporary folder of its own. Knows no test framework.
#pragma once

#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/server_process.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace revecho::test {

class comparison {
 public:
  /// Starts it, from `folder` if that is not empty.
  explicit comparison(
      const std::vector<std::string>& options, const std::string& script = ":", const std::string& folder = {});

  /// Kills it and its servers, if they still run.
  ~comparison();
  comparison(const comparison&) = delete;
  comparison& operator=(const comparison&) = delete;

  process& tool() noexcept { return tool_; }
  outcome wait() { return tool_.wait(); }

  /// The processes that were started for it and run.
  std::vector<pid_t> children() const;

  /// Waits for a server that this many clients are connected to.
  pid_t wait_for_server_of(std::size_t clients) const;

  /// Names in its temporary folder.
  std::vector<std::string> files() const;

 private:
  temporary_folder temporary_;
  process tool_;
};

/// From its start to its end.
outcome compare(const std::vector<std::string>& options, const std::string& script = ":");

/// The document that --json - wrote. Throws if it is none.
nlohmann::json document_of(const outcome&);

/// The only scenario.
nlohmann::json scenario_of(const outcome&);

/// Of one contestant in it. Throws if it is not there.
nlohmann::json result_of(const nlohmann::json& scenario, const std::string& contestant);

/// Sentences for people break anywhere: these are in one line.
std::string unwrapped(std::string text);

/// A conversation that is honest in this framing.
std::function<void(peer&)> honest(const std::string& framing);

} // namespace revecho::test
