#ifndef SCTRACE_SRC_HOST_STATE_HPP
#define SCTRACE_SRC_HOST_STATE_HPP

#include "verdict/verdict_rules.hpp"

#include <sctrace/audit_status.hpp>
#include <sctrace/error.hpp>
#include <sctrace/trace.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// What decides on this host whether records are made and who gets them; a field that can't be read is empty.
struct host_state {
    std::optional<audit_status> audit;
    std::optional<exclude_rules> excluded;
    std::optional<std::string> actions_logged;

    /// Whether the action `log` is known to be switched off, so that no filter can log a call.
    bool log_switched_off() const noexcept;

    /// What of it keeps records from being made.
    logging_settings logging() const;

    /// The kernel's counter of lost records.
    std::optional<std::uint32_t> lost() const noexcept;
};

host_state read_host_state();

/// The same but for the state of the audit subsystem, which changes in the course of a recording anyway.
host_state read_settings();

/// That no calls are recorded without the action `log`, and how to get it back.
std::string log_switched_off_notice(const host_state& host);

/// The same for who wants the refused calls too, each of which has an action of its own.
std::string log_switched_off_watch_notice(const host_state& host);

/// The shell command that adds `log` to the words of kernel.seccomp.actions_logged.
std::string command_to_log_again(std::string_view actions_logged);

/// What a person should know before records are read from the kernel's ring buffer, but for the action `log`.
std::vector<notice> kmsg_notices(const host_state& host, bool ratelimit_lifted);

/// What a person should know about processes that are to be recorded or watched by id.
std::vector<std::string> pid_notices(const std::vector<pid_t>& pids);

process_filters read_filters(pid_t pid);

/// Whether a process is known to have no seccomp filter.
bool has_no_filter(pid_t pid);

/// Whether this process's pid namespace is the initial one, whose numbers audit records carry.
bool in_initial_pid_namespace() noexcept;

/// Whether the trace holds a call that makes processes or threads.
bool makes_tasks(const trace& counts);

/// The same for a list of calls.
bool makes_tasks(std::span<const syscall_key> calls);

} // namespace sctrace::detail

#endif
