#ifndef SCTRACE_SRC_OS_DESCRIPTOR_HPP
#define SCTRACE_SRC_OS_DESCRIPTOR_HPP

#include <algorithm>
#include <cstddef>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace sctrace::detail {

/// A descriptor that is closed at the end of its scope.
class unique_descriptor {
public:
    unique_descriptor() = default;
    explicit unique_descriptor(int descriptor) noexcept
        : descriptor_(descriptor)
    {
    }
    unique_descriptor(unique_descriptor&& other) noexcept
        : descriptor_(other.release())
    {
    }
    unique_descriptor& operator=(unique_descriptor&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    ~unique_descriptor() { reset(); }

    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

    void reset(int descriptor = -1) noexcept
    {
        const int old = std::exchange(descriptor_, descriptor);
        if (old >= 0) {
            ::close(old);
        }
    }

private:
    int descriptor_ = -1;
};

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
