// The engine that the text of the sync twin is compiled for.
#pragma once

#include "sync/blocking/connect.hpp"
#include "sync/blocking/context.hpp"
#include "sync/blocking/listener.hpp"
#include "sync/blocking/stream.hpp"
#include "sync/blocking/task_group.hpp"

namespace revecho::sync {

/// The programs that are this text on this engine.
inline constexpr const char* server_name = "revecho-sync-server";
inline constexpr const char* client_name = "revecho-sync-client";

} // namespace revecho::sync
