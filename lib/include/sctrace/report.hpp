#ifndef SCTRACE_REPORT_HPP
#define SCTRACE_REPORT_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/trace.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// What a recording found, and how far it can be trusted.
struct report {
    /// `kmsg` or `audit`.
    std::string source;
    architecture native;
    std::vector<std::string> command;
    std::vector<pid_t> pids;
    std::optional<std::uint32_t> session;
    std::chrono::system_clock::time_point started;
    std::chrono::system_clock::time_point ended;
    /// The counts themselves, as in the trace file.
    trace counts;
    /// How many of the counted calls were refused, or have records that do not tell; see is_refusal().
    std::uint64_t refused = 0;
    judgement judged;
    std::optional<std::uint32_t> first_serial;
    std::optional<std::uint32_t> last_serial;
    loss_counts loss;

    /// How the launched command ended; empty without one, or when it was still running.
    std::optional<exit_status> child;
    /// What went wrong, in words, when the operation completed with an error.
    std::string failure_message;
};

/// The report as one line of JSON, with the members of the machine-readable report.
std::string to_json(const report& r);

/// The verdict in one line, such as `complete: 1120 calls of 57 syscalls, nothing lost (serials 1–9)`.
std::string verdict_line(const report& r);

/// One line on refused calls among the counts, which a trace does not show; empty if there are none.
std::string refusals_line(const report& r);

} // namespace sctrace

#endif
