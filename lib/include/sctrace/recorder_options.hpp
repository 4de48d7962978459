#ifndef SCTRACE_RECORDER_OPTIONS_HPP
#define SCTRACE_RECORDER_OPTIONS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/follow_kind.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// Where a recorder reads records from.
enum class source_kind {
    /// The audit socket if a record of our own comes back through it within `probe_timeout`, else kmsg.
    automatic,
    /// The kernel's ring buffer: works wherever it can be read, and loses records.
    kmsg,
    /// The audit multicast socket: loses nothing; needs CAP_AUDIT_READ and the initial network namespace.
    audit,
};

/// What to record, from where, and where to.
struct recorder_options {
    /// Processes that already run under a filter which logs, as numbers of the initial pid namespace.
    std::vector<pid_t> pids;
    /// A command to run under a log-everything filter instead; the recording ends with it.
    std::optional<launch_options> command;

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

    source_kind source = source_kind::automatic;
    std::chrono::milliseconds probe_timeout{1000};
    /// The audit socket's receive buffer in bytes.
    std::size_t receive_buffer = std::size_t{64} * 1024 * 1024;
    /// The kmsg device, or a FIFO of newline-separated entries.
    std::string kmsg = "/dev/kmsg";
    /// An open descriptor to read kmsg entries from instead; the recorder takes it over when it runs.
    std::optional<int> kmsg_descriptor;
    /// Where reading of the kernel's own device starts.
    kmsg_start start = kmsg_start::end;
    /// Keep kernel.printk_ratelimit at 0 while recording from kmsg, and put the old value back.
    bool lift_ratelimit = false;
    printk_ratelimit_paths ratelimit_paths;

    /// Stop after this time; zero: never. A command gets SIGTERM then, and SIGKILL after `kill_after`.
    std::chrono::milliseconds duration{0};
    std::chrono::milliseconds kill_after{2000};
    /// How often the stop token and request_stop() are looked at.
    std::chrono::milliseconds stop_check_interval{200};
    std::stop_token stop;
    /// How long to wait for a record of our own to come back, at the start and at the end.
    std::chrono::milliseconds bracket_timeout{6000};

    architecture native = architecture::native();
    /// Called within async_run() when the window is open: what the processes call from now on is recorded.
    std::function<void()> on_started;
    /// Called within async_run() when the recording is over and the trace is about to be written for good.
    std::function<void()> on_stopped;
    /// Called within async_run() with things that a person should know while recording; may be empty.
    std::function<void(std::string_view)> on_notice;
};

} // namespace sctrace

#endif
