#ifndef SCTRACE_SRC_PROCESS_HANDLE_HPP
#define SCTRACE_SRC_PROCESS_HANDLE_HPP

#include <sys/types.h>

namespace sctrace::detail {

/// Keeps hold of a process by a pidfd, so that its end shows and a later process of the same id is not taken
/// for it.
class process_handle {
public:
    explicit process_handle(pid_t pid) noexcept;
    process_handle(process_handle&& other) noexcept;
    process_handle& operator=(process_handle&& other) noexcept;
    ~process_handle();

    pid_t pid() const noexcept { return pid_; }

    /// False while it runs, and for a process that did not exist or could not be held (before Linux 5.3).
    bool has_ended() const noexcept;

private:
    pid_t pid_;
    int descriptor_;
};

} // namespace sctrace::detail

#endif
