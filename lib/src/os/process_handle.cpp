#include "os/process_handle.hpp"

#include <utility>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

process_handle::process_handle(pid_t pid) noexcept
    : pid_(pid)
    , descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)))
{
}

process_handle::process_handle(process_handle&& other) noexcept
    : pid_(other.pid_)
    , descriptor_(std::exchange(other.descriptor_, -1))
{
}

process_handle& process_handle::operator=(process_handle&& other) noexcept
{
    std::swap(pid_, other.pid_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

process_handle::~process_handle()
{
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

bool process_handle::has_ended() const noexcept
{
    pollfd state{descriptor_, POLLIN, 0};
    return descriptor_ >= 0 && ::poll(&state, 1, 0) > 0;
}

} // namespace sctrace::detail
