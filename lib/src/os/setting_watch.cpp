#include "os/setting_watch.hpp"

#include "os/unique_descriptor.hpp"

#include <array>
#include <cstddef>

#include <sys/inotify.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

int watch(const std::string& path) noexcept
{
    unique_descriptor queue(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    const bool watched = queue && ::inotify_add_watch(queue.get(), path.c_str(), IN_MODIFY) >= 0;
    return watched ? queue.release() : -1;
}

} // namespace

setting_watch::setting_watch(const std::string& path) noexcept
    : descriptor_(watch(path))
{
}

setting_watch::~setting_watch()
{
    if (works()) {
        ::close(descriptor_);
    }
}

std::uint64_t setting_watch::writes() noexcept
{
    alignas(inotify_event) std::array<std::byte, 4096> events;
    // Any event is a write, also IN_Q_OVERFLOW.
    while (works() && ::read(descriptor_, events.data(), events.size()) > 0) {
        ++writes_;
    }
    return writes_;
}

} // namespace sctrace::detail
