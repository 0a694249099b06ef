// An operation of asio that a deadline or context::stop() cancels. Knows no sockets.
//
// A timer for each operation would cost more than the operation. Deadlines are numbers instead, and the context looks
// at all of them once a tick.
#pragma once

#include "async/asio/context.hpp"
#include "async/asio/handler_memory.hpp"
#include "async/asio/stream.hpp"

#include <asio/bind_allocator.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace revecho::async {

/// The same error in std::system_category(): asio has a category of its own for errors of the system, which need not
/// equal any std::errc.
inline std::error_code standard(const std::error_code& error) noexcept {
  if (error.category() == asio::error::get_system_category()) return {error.value(), std::system_category()};
  return error;
}

/// Gives the descriptor to a socket or acceptor of asio; it is closed if that cannot watch it. Throws std::bad_alloc.
template <class Socket>
std::error_code assign(Socket& socket, unique_descriptor descriptor, const socket_address& address) {
  std::error_code error;
  socket.assign(asio::generic::stream_protocol(address.family(), 0), descriptor.get(), error);
  if (!error) static_cast<void>(descriptor.release());
  return standard(error);
}

/// Base of what waits: a connection, a listener. One operation at a time.
class cancellable {
 public:
  explicit cancellable(context& owner) noexcept : owner_(owner) {}
  cancellable(const cancellable&) = delete;
  cancellable& operator=(const cancellable&) = delete;

  context& owner() const noexcept { return owner_; }

  /// Cancels the operation that is under way, if there is one and its time is over. For the context.
  void cancel_if_over(time_point now, bool stopping) noexcept;

  /// From here to end_wait() the operation may be canceled. Throws std::bad_alloc.
  void begin_wait(time_point deadline, on_stop);

  /// Turns the error of the operation into that of the wait: std::errc::timed_out or operation_canceled if it was
  /// canceled.
  void end_wait(std::error_code& error) noexcept;

  /// The handler or completion token of the operation, with memory for it. Starting the operation then allocates
  /// nothing: that could fail, and asio 1.22 starts the operations of coroutines where nothing may be thrown.
  template <class Token>
  auto in_own_memory(Token token) noexcept {
    return asio::bind_allocator(std::pmr::polymorphic_allocator<>(&memory_), std::move(token));
  }

  /// The completion token that resumes the coroutine, with any error in `error`.
  auto resuming(std::error_code& error) noexcept { return asio::redirect_error(in_own_memory(use_awaitable), error); }

 protected:
  ~cancellable();

 private:
  virtual void cancel() noexcept = 0;

  static constexpr std::size_t not_listed = static_cast<std::size_t>(-1);

  context& owner_;
  std::size_t place_ = not_listed; // in the list of the context
  time_point deadline_ = never;
  std::errc reason_{}; // why it was canceled
  on_stop on_stop_ = on_stop::wait;
  bool waiting_ = false;
  handler_memory memory_;
};

} // namespace revecho::async
