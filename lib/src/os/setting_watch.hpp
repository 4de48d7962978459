#ifndef SCTRACE_SRC_SETTING_WATCH_HPP
#define SCTRACE_SRC_SETTING_WATCH_HPP

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
    setting_watch(const setting_watch&) = delete;
    setting_watch& operator=(const setting_watch&) = delete;
    ~setting_watch();

    /// Whether the file can be watched.
    bool works() const noexcept { return descriptor_ >= 0; }

    /// A number that grows with each write.
    std::uint64_t writes() noexcept;

private:
    int descriptor_;
    std::uint64_t writes_ = 0;
};

} // namespace sctrace::detail

#endif
