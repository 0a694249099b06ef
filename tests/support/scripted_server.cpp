#include "tests/support/scripted_server.hpp"

#include "tests/support/wire.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace revecho::test {

scripted_server::scripted_server(std::function<void(peer&)> conversation)
    : conversation_(std::move(conversation)), acceptor_([this] { accept_clients(); }) {}

scripted_server::~scripted_server() {
  listener_.close();
  acceptor_.join();
  for (auto& thread : conversations_)
    thread.join();
}

void scripted_server::accept_clients() {
  try {
    for (;;) {
      auto client = std::make_shared<peer>(listener_.accept());
      conversations_.emplace_back([this, client] {
        try {
          conversation_(*client);
        } catch (const std::exception&) { // the client is gone
        }
        client->close();
      });
    }
  } catch (const std::exception&) { // closed
  }
}

// Where the first message of rest_ ends; npos if it is not there in full.
std::size_t message_reader::frame_end() const {
  if (framing_ == "line") return rest_.find('\n') == rest_.npos ? rest_.npos : rest_.find('\n') + 1;
  if (rest_.size() < 4) return rest_.npos;
  std::size_t size = 4;
  for (std::size_t i = 0, unit = 1 << 24; i < 4; ++i, unit >>= 8)
    size += unit * static_cast<unsigned char>(rest_[i]);
  return rest_.size() < size ? rest_.npos : size;
}

std::optional<std::string> message_reader::next() {
  if (framing_ == "raw" || framing_ == "eof") {
    auto message = framing_ == "raw" ? from_.receive_some() : from_.receive_all();
    return message.empty() ? std::nullopt : std::optional(std::move(message));
  }
  for (std::size_t end = 0;;) {
    if (end = frame_end(); end != rest_.npos) {
      auto message = framing_ == "line" ? rest_.substr(0, end - 1) : rest_.substr(4, end - 4);
      rest_.erase(0, end);
      return message;
    }
    const auto bytes = from_.receive_some();
    if (bytes.empty()) return std::nullopt;
    rest_ += bytes;
  }
}

std::function<void(peer&)> answering(
    const std::string& framing, std::function<bool(peer& client, const request&)> answer) {
  struct counts {
    std::atomic<std::size_t> connections;
    std::atomic<std::size_t> messages;
  };
  return [framing, answer = std::move(answer), so_far = std::make_shared<counts>()](peer& client) {
    message_reader messages(client, framing);
    const std::size_t connection = so_far->connections++;
    for (std::size_t number = 0;; ++number) {
      const auto message = messages.next();
      if (!message) return;
      if (!answer(client, {connection, number, so_far->messages++, *message, reversed(*message)})) return;
      if (framing == "eof") return;
    }
  };
}

} // namespace revecho::test
