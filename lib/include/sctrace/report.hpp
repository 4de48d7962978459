#ifndef SCTRACE_REPORT_HPP
#define SCTRACE_REPORT_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/exit_status.hpp>
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
    /// The architecture whose lines carry no `arch` in the trace.
    architecture native;
    /// The command and its arguments; empty without one.
    std::vector<std::string> command;
    /// The processes that were given, or the command's.
    std::vector<pid_t> pids;
    /// The audit session of the command.
    std::optional<std::uint32_t> session;
    /// When the window opened.
    std::chrono::system_clock::time_point started;
    /// When the recording was over.
    std::chrono::system_clock::time_point ended;
    /// The counts themselves, as in the trace file.
    trace counts;
    /// How many of the counted calls were refused, or have records that do not say; see is_refusal().
    std::uint64_t refused = 0;
    /// Whether anything is missing.
    judgement judged;
    /// The serial that opened the window.
    std::optional<std::uint32_t> first_serial;
    /// The serial that closed the window.
    std::optional<std::uint32_t> last_serial;
    /// What was lost, by the place where it was noticed.
    loss_counts loss;

    /// How the launched command ended; empty without one, or when it was still running.
    std::optional<exit_status> child;
    /// What went wrong, in words, when the operation completed with an error.
    std::string failure_message;
};

/// The report as one line of JSON, with the members of the machine-readable report.
std::string to_json(const report& r);

/// The verdict in one line, such as `complete: 1120 calls of 57 syscalls, nothing lost (serials 1–9)`.
/**
 * @par Example
 * @code
 * sctrace::report report;
 * report.native = sctrace::architecture::native();
 * report.counts.add({report.native, 0}, 42);
 * report.judged = {sctrace::verdict::incomplete, 3, {"the ring buffer overran"}};
 * std::cout << sctrace::verdict_line(report) << '\n';
 * // incomplete: at most 3 records missing (the ring buffer overran)
 * @endcode
 */
std::string verdict_line(const report& r);

/// One line on refused calls among the counts, which a trace does not show; empty if there are none.
std::string refusals_line(const report& r);

} // namespace sctrace

#endif
