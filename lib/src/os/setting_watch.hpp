#ifndef SCTRACE_SRC_SETTING_WATCH_HPP
#define SCTRACE_SRC_SETTING_WATCH_HPP

#include "os/descriptor.hpp"

#include <cstdint>
#include <string>

namespace sctrace::detail {

/// Notices that somebody wrote to a kernel setting, even if it holds what it held before.
/**
 * By inotify(7), which sees writes through every mount of the same /proc, but not those through the /proc of
 * another pid namespace.
 */
class setting_watch {
public:
    /// Watches the file @p path from now on.
    explicit setting_watch(const std::string& path) noexcept;

    /// Whether the file can be watched.
    bool works() const noexcept { return static_cast<bool>(queue_); }

    /// A number that grows with each write.
    std::uint64_t writes() noexcept;

private:
    unique_descriptor queue_;
    std::uint64_t writes_ = 0;
};

} // namespace sctrace::detail

#endif
