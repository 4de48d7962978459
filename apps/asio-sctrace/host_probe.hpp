#ifndef ASIO_SCTRACE_HOST_PROBE_HPP
#define ASIO_SCTRACE_HOST_PROBE_HPP

#include <sctrace/host_check.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace asio_sctrace {

/// Whether the records of a child came back through one source.
struct source_probe {
    sctrace::host_status status = sctrace::host_status::unknown;
    /// How many came, of one child and in order.
    std::uint32_t arrived = 0;
    /// From the first attempt to the last of them.
    std::chrono::milliseconds took{};
    /// Empty when all came.
    std::string why;
};

/// Whether a child got an audit session of its own, which its records carry.
struct session_probe {
    sctrace::host_status status = sctrace::host_status::unknown;
    std::optional<std::uint32_t> session;
    std::string why;
};

/// Whether the kernel told of the child's birth.
struct fork_probe {
    sctrace::host_status status = sctrace::host_status::unknown;
    std::string why;
};

/// What recording a child of two logged calls showed.
struct host_probe {
    std::uint32_t calls = 2;
    source_probe audit;
    source_probe kmsg;
    session_probe session;
    fork_probe fork_events;

    /// Whether a command's descendants can be told from other processes.
    bool can_follow() const noexcept
    {
        return session.status == sctrace::host_status::ok || fork_events.status == sctrace::host_status::ok;
    }
};

/// Records a child that makes logged calls, and looks for its records everywhere at once.
/**
 * The kernel's rate limit may drop all records of /dev/kmsg for five seconds, so more children are tried
 * then; it takes at most seven seconds.
 *
 * @param logging Whether the kernel logs calls; if not, nothing is waited for.
 */
host_probe probe_host(bool logging);

} // namespace asio_sctrace

#endif
