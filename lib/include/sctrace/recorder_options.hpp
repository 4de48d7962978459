#ifndef SCTRACE_RECORDER_OPTIONS_HPP
#define SCTRACE_RECORDER_OPTIONS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/source_options.hpp>
#include <sctrace/syscall_key.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// How a recording finds the processes that belong to it besides the ones it was given.
enum class follow_kind {
    /// A command's descendants, by an audit session of their own that every record carries: exact, no
    /// look-ups.
    /** A descendant that changes its session is still followed by fork events, where these can be had. */
    session,
    /// Descendants, by fork events of the kernel's process connector; existing ones are found at the start.
    /** With CLONE_PARENT a descendant can make a child of its own ancestor. Children that an ancestor gets
     * under a filter while recording are therefore a doubt, among them the commands of other recorders in
     * this process. */
    tree,
    /// As `tree`, and every process in the pid namespaces of the given ones, whoever started it.
    container,
    /// No others.
    none,
};

/// What to record, from where, and where to.
/**
 * A recorder that takes part in a hub reads from the hub's source: what is said here about the source does
 * not count then, but for `stop_check_interval`, `bracket_timeout`, `stop` and `on_notice`.
 */
struct recorder_options : source_options {
    /// Processes that already run under a filter which logs, as numbers of the initial pid namespace.
    std::vector<pid_t> pids;
    /// A command to run under a log-everything filter instead; the recording ends with it.
    std::optional<launch_options> command;
    /// Calls that the command makes silently, see seccomp_filter::log_all_but(); for a command only.
    /** The trace has only the other ones, and calls that install filters. */
    std::vector<syscall_key> known;

    /// Who else is recorded. A command's `session` falls back to `tree`, and `tree` and `container` to
    /// `none`, where the kernel does not permit them; the notice says why. `container` is for processes.
    /** Empty: `session` for a command, `none` for processes, to which no session can be given. */
    std::optional<follow_kind> follow;
    /// Go on when the command has ended until all its descendants have, as far as they are followed.
    bool wait_for_descendants = false;

    /// The trace file; empty: the counts are in the report only.
    std::string output;
    /// How often the trace file is brought up to date while recording; zero: only at the end.
    std::chrono::milliseconds flush_interval{5000};

    /// Stop after this time; zero: never. A command gets SIGTERM then, and SIGKILL after `kill_after`.
    std::chrono::milliseconds duration{0};
    /// How long a command has to end after the SIGTERM at the end of `duration`.
    std::chrono::milliseconds kill_after{2000};

    /// How many records the live feed keeps until they are received; zero: there is no live feed.
    /** A record takes some 500 bytes, up to 9 KiB where its executable has a long name. */
    std::size_t live_records = 0;

    /// The architecture whose lines carry no `arch` in the trace.
    architecture native = architecture::native();
    /// Called within async_run() when the window is open: what the processes call from now on is recorded.
    std::function<void()> on_started;
    /// Called within async_run() when the recording is over and the trace is about to be written for good.
    std::function<void()> on_stopped;
};

} // namespace sctrace

#endif
