// Runs contestants under loads, in an order that is fair to all, and writes down what came of it. Knows no output but
// the live line.
#pragma once

#include "tools/compare/cpus.hpp"
#include "tools/compare/options.hpp"
#include "tools/compare/results.hpp"
#include "tools/stress/load.hpp"
#include "tools/stress/progress.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace revecho::compare {

class runner {
 public:
  explicit runner(const compare_options&);

  /// Runs everything the options ask for, without verdicts. Reports failures on stderr as they happen.
  document run();

  /// Ends the run that is under way, and run() with what there is. Any thread.
  void interrupt();

 private:
  class interruptible;
  void run_round(const scenario&, scenario_results& into, std::size_t round);
  void go_on(std::vector<scenario_results>&);
  void repeat(const contestant&, const scenario&, run_figures& figures);
  run_figures run_once(const contestant&, const scenario&);
  timed_story run_story(const std::string& name);
  void show(const std::string& what, double done_of_run);

  const compare_options& options_;
  stress::progress live_;
  std::vector<int> server_cpus_;
  std::vector<int> tool_cpus_;
  std::map<std::size_t, cpu_split> splits_; // by --server-cpus
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::size_t runs_ = 0; // to be done in all, and then perhaps some more
  std::size_t done_ = 0; // or begun
  bool failed_ = false;
  bool held_up_ = false;             // the load tool, in the last run
  unsigned repeated_ = 0;            // runs, for that
  unsigned useless_repetitions_ = 0; // in which it was held up once more

  std::mutex mutex_; // for the rest
  stress::load* running_ = nullptr;
  std::atomic<bool> interrupted_ = false;
};

} // namespace revecho::compare
