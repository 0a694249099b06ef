#include "async/client.hpp"

#include "shared/net/error.hpp"
#include "shared/process/advice.hpp"
#include "shared/process/descriptor_limit.hpp"
#include "shared/process/format.hpp"
#include "shared/process/output.hpp"
#include "shared/protocol/encoder.hpp"
#include "shared/protocol/error.hpp"
#include "shared/protocol/failure.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace revecho::async {
namespace {

std::string describe(verdict v, const verifier& check, std::error_code error, const client_options& options) {
  if (error && check.is_wrong()) return describe_wrong(to_string(verdict::corrupt));
  if (is_deadline(error)) return describe_late(check, format_duration(options.timeout));
  if (error) return describe_lost(check, error.message());
  if (v == verdict::cut_short && !check.is_delimited()) return describe_missing(check);
  return describe_wrong(to_string(v));
}

} // namespace

client::client(client_options options) : options_(std::move(options)), context_(options_.timeout) {
  raise_descriptor_limit();
  for (const auto& message : options_.messages) {
    for (const auto& to : options_.to)
      questions_.push_back({message, to, {}, {}, false});
  }
}

int client::run() {
  const auto start = std::chrono::steady_clock::now();
  context_.run([this] { return ask_all(); });
  if (options_.time) {
    const auto took = std::chrono::steady_clock::now() - start;
    write_to_stderr(fmt::format("{} replies in {}\n", questions_.size() - failed_, format_duration(took)));
  }
  return failed_ == 0 ? 0 : 1;
}

awaitable<void> client::ask_all() {
  task_group questions(context_, options_.max_in_flight);
  const auto ask_one = [this](question* q) { return ask(*q); };
  for (auto& q : questions_)
    co_await questions.spawn(ask_one, &q);
  co_await questions.join();
}

awaitable<void> client::ask(question& q) {
  const time_point deadline = deadline_after(options_.timeout);
  std::error_code error;
  auto peer = co_await connect(context_, q.to, deadline, error);
  if (peer) {
    co_await ask_over(std::move(*peer), q, deadline);
  } else {
    q.failure = fmt::format("cannot connect: {}", with_advice(attempt::connecting, error));
  }
  q.done = true;
  print_done();
}

// A long raw message goes out as many bytes at a time as a server reads, each part answered before the next: its reply
// starts while it is being sent, and two sides that both only send would wait for each other.
awaitable<void> client::ask_over(stream peer, question& q, time_point deadline) {
  const std::size_t part_size = options_.framing_kind == framing::raw ? limits::read_buffer : q.message.size();
  verifier check(options_.framing_kind);
  std::string_view rest = q.message;
  do {
    const kept_message part(rest.substr(0, part_size));
    std::error_code error;
    const verdict result = co_await exchange(peer, check, part, deadline, error);
    if (result != verdict::verified) q.failure = describe(result, check, error, options_);
    if (result == verdict::verified) q.reply.append(check.reply().begin(), check.reply().end());
    rest.remove_prefix(part.size());
  } while (q.failure.empty() && !rest.empty());
}

// Sends a message and reads until there is a verdict on its reply; it is `pending` only with an error.
awaitable<verdict> client::exchange(
    stream& peer, verifier& check, const kept_message& sent, time_point deadline, std::error_code& error) {
  const framed_message request(options_.framing_kind, sent.text());
  check.expect(sent);
  co_await peer.write_all(request.pieces(), deadline, error);
  if (!error && options_.framing_kind == framing::eof) peer.shutdown_send();
  verdict result = verdict::pending;
  while (!error && result == verdict::pending) {
    std::span<const char> input = co_await peer.read_some(deadline, on_stop::end, error);
    if (!error) result = input.empty() ? check.receive_end() : check.receive(input);
    if (result == verdict::verified && !input.empty()) result = verdict::extra;
  }
  co_return result;
}

// Everything up to the first that is still under way: the order on stdout is that of the questions.
void client::print_done() {
  for (; printed_ < questions_.size() && questions_[printed_].done; ++printed_) {
    auto& q = questions_[printed_];
    if (options_.verbose) write_to_stdout(fmt::format("{} {}\n", to_string(q.to), q.message));
    if (q.failure.empty()) {
      write_to_stdout(q.reply += '\n');
    } else {
      write_to_stderr(fmt::format("{}: '{:.60}': {}\n", to_string(q.to), q.message, q.failure));
      ++failed_;
    }
    q = {}; // its memory is not needed any more
    q.done = true;
  }
}

} // namespace revecho::async
