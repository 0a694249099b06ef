// The engine that the text of the async twin is compiled for.
#pragma once

#ifdef REVECHO_ENGINE_EPOLL
#include "async/epoll/connect.hpp"
#include "async/epoll/context.hpp"
#include "async/epoll/listener.hpp"
#include "async/epoll/stream.hpp"
#include "async/epoll/task_group.hpp"
#else
#include "async/asio/connect.hpp"
#include "async/asio/context.hpp"
#include "async/asio/listener.hpp"
#include "async/asio/stream.hpp"
#include "async/asio/task_group.hpp"
#endif

namespace revecho::async {

/// The programs that are this text on this engine.
#ifdef REVECHO_ENGINE_EPOLL
inline constexpr const char* server_name = "revecho-epoll-server";
inline constexpr const char* client_name = "revecho-epoll-client";
#else
inline constexpr const char* server_name = "revecho-async-server";
inline constexpr const char* client_name = "revecho-async-client";
#endif

} // namespace revecho::async
