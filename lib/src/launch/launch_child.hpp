#ifndef SCTRACE_SRC_LAUNCH_LAUNCH_CHILD_HPP
#define SCTRACE_SRC_LAUNCH_LAUNCH_CHILD_HPP

#include "launch/audit_session.hpp"
#include "launch/command.hpp"

#include <csignal>
#include <cstdint>

#include <linux/filter.h>
#include <sys/types.h>

namespace sctrace::detail {

/// How far a child has come.
enum class launch_step { session, user, capabilities, death_signal, filter, exec };

/// What the child tells its parent, in memory that both share: written without a system call, so that even a
/// failed execve leaves no further record.
struct launch_report {
    launch_step step = launch_step::session;
    /// The errno of the step at which the child gave up, or 0.
    int error = 0;
    audit_session session;
    bool no_new_privs = false;
};

/// All that the child needs, prepared before fork(): after it, in a program with threads, nothing may
/// allocate.
struct launch_plan {
    const char* path = nullptr;
    char* const* arguments = nullptr;
    char* const* environment = nullptr;
    /// Null: stay who we are.
    const user_identity* user = nullptr;
    bool new_session = false;
    pid_t parent = 0;
    sigset_t signal_mask{};
    sock_fprog filter{};
    /// SECCOMP_FILTER_FLAG_*
    std::uint32_t filter_flags = 0;
    launch_report* report = nullptr;
};

/// The child's side of a launch, from fork() to execve(2). Async-signal-safe.
[[noreturn]] void run_launch_child(const launch_plan& plan) noexcept;

} // namespace sctrace::detail

#endif
