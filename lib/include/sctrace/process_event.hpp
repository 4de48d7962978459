#ifndef SCTRACE_PROCESS_EVENT_HPP
#define SCTRACE_PROCESS_EVENT_HPP

#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// A task's beginning or end, as the kernel's process connector reports it (drivers/connector/cn_proc.c).
/** All ids are those of the initial pid namespace. */
struct process_event {
    /// A beginning or an end.
    enum class kind {
        /// A process was made, or a thread: then `thread` differs from `process`.
        fork,
        /// A thread ended: the process's first one if `thread` equals `process`, not necessarily its last.
        exit,
    };

    /// Which of the two it is.
    kind what = kind::fork;
    /// CLOCK_MONOTONIC.
    std::chrono::nanoseconds time{};
    /// The process (thread group) that began, got a thread or lost one.
    pid_t process = 0;
    /// The task itself.
    pid_t thread = 0;
    /// The process that made it; with CLONE_PARENT the parent of that one. 0 where the kernel does not say.
    pid_t parent = 0;

    /// Whether it is the birth of a process, and not that of a further thread or an end.
    bool begins_process() const noexcept { return what == kind::fork && thread == process; }
};

/// What a read of the process connector brought.
struct process_event_batch {
    /// In the order in which they came.
    std::vector<process_event> events;
    /// Times that the socket's buffer overran: events are missing, it is unknown how many.
    std::uint64_t overruns = 0;

    /// Drops all and keeps the memory.
    void clear() noexcept
    {
        events.clear();
        overruns = 0;
    }
};

} // namespace sctrace

#endif
