#ifndef SCTRACE_SRC_RECEIVE_BUFFER_HPP
#define SCTRACE_SRC_RECEIVE_BUFFER_HPP

#include <algorithm>
#include <cstddef>

#include <sys/socket.h>

namespace sctrace::detail {

/// Asks for a receive buffer of @p bytes, by CAP_NET_ADMIN beyond net.core.rmem_max; returns what was
/// granted.
/** The kernel counts its bookkeeping too, and so grants twice of what it is asked for. */
inline std::size_t grow_receive_buffer(int socket, std::size_t bytes) noexcept
{
    const int wanted = static_cast<int>(std::min<std::size_t>(bytes, 1U << 30));
    if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0) {
        static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted));
    }
    int granted = 0;
    socklen_t length = sizeof granted;
    static_cast<void>(::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &length));
    return static_cast<std::size_t>(granted);
}

} // namespace sctrace::detail

#endif
