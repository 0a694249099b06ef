// The client: sends messages and prints the verified replies.
#pragma once

#include "sync/io.hpp"
#include "shared/options/client_options.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/protocol/framing.hpp"
#include "shared/protocol/verifier.hpp"

#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

namespace revecho::sync {

class client {
 public:
  explicit client(client_options);

  /// Sends every message to every endpoint; the replies go to stdout in that order, whichever comes first. Returns the
  /// exit code of the program.
  int run();

 private:
  struct question {
    std::string message;
    endpoint to;
    std::string reply;
    std::string failure; // what went wrong; empty when the reply is right
    bool done = false;
  };
  void ask_all();
  void ask(question& q);
  void ask_over(stream peer, question& q, time_point deadline);
  verdict exchange(
      stream& peer, verifier& check, const kept_message& sent, time_point deadline, std::error_code& error);
  void print_done();

  client_options options_;
  context context_;
  std::vector<question> questions_;
  std::size_t printed_ = 0; // of questions_
  std::size_t failed_ = 0;
};

} // namespace revecho::sync
