#ifndef SCTRACE_SOURCE_OPTIONS_HPP
#define SCTRACE_SOURCE_OPTIONS_HPP

#include <sctrace/error.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace sctrace {

/// Where live records are read from.
enum class source_kind {
    /// The audit socket if a record of our own comes back through it within `probe_timeout`, else kmsg.
    automatic,
    /// The kernel's ring buffer: works wherever it can be read, and loses records.
    kmsg,
    /// The audit multicast socket: loses nothing; needs CAP_AUDIT_READ and the initial network namespace.
    audit,
};

/// Where reading /dev/kmsg starts.
enum class kmsg_start {
    /// Behind the newest entry: only what is still to come.
    end,
    /// At the oldest entry that the ring buffer holds.
    beginning,
    /// Behind the last `dmesg --clear`.
    last_clear,
};

/// How live records are read, and how reading is stopped.
struct source_options {
    /// Where records are read from.
    source_kind source = source_kind::automatic;
    /// How long `automatic` waits for a record of our own to come back through the audit socket.
    std::chrono::milliseconds probe_timeout{1000};
    /// The audit socket's receive buffer in bytes.
    std::size_t receive_buffer = std::size_t{64} * 1024 * 1024;
    /// The kmsg device, or a FIFO of newline-separated entries.
    std::string kmsg = "/dev/kmsg";
    /// An open descriptor to read kmsg entries from instead; the object that gets these options takes it
    /// over.
    std::optional<int> kmsg_descriptor;
    /// Where reading of the kernel's own device starts.
    kmsg_start start = kmsg_start::end;
    /// Keep kernel.printk_ratelimit at 0 while reading from kmsg, and put the old value back.
    bool lift_ratelimit = false;
    /// Where `lift_ratelimit` finds the setting and keeps its state.
    printk_ratelimit_paths ratelimit_paths;

    /// How often the stop token and request_stop() are looked at.
    std::chrono::milliseconds stop_check_interval{200};
    /// Ends reading as request_stop() does.
    std::stop_token stop;
    /// How long to wait for a record of our own to come back, at the start and at the end.
    std::chrono::milliseconds bracket_timeout{6000};

    /// Called within async_run() with things that a person should know while records are read; may be empty.
    std::function<void(const notice&)> on_notice;
};

} // namespace sctrace

#endif
