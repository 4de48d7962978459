#include "os/setting_watch.hpp"

#include <array>
#include <cstddef>

#include <sys/inotify.h>

namespace sctrace::detail {

setting_watch::setting_watch(const std::string& path) noexcept
    : queue_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
{
    if (works() && ::inotify_add_watch(queue_.get(), path.c_str(), IN_MODIFY) < 0) {
        queue_.reset();
    }
}

std::uint64_t setting_watch::writes() noexcept
{
    alignas(inotify_event) std::array<std::byte, 4096> events;
    // Any event is a write, also IN_Q_OVERFLOW.
    while (works() && ::read(queue_.get(), events.data(), events.size()) > 0) {
        ++writes_;
    }
    return writes_;
}

} // namespace sctrace::detail
