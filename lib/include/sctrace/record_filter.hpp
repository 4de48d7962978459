#ifndef SCTRACE_RECORD_FILTER_HPP
#define SCTRACE_RECORD_FILTER_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/seccomp_record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// Which records of a log are wanted.
/**
 * Values of one member are alternatives; a record must suit every member that is not empty. A record that
 * lacks a field that is asked for is not selected.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe for const functions.
 *
 * @par Example
 * @code
 * sctrace::record_filter filter;
 * filter.comms = {"nginx"};
 * const auto record = sctrace::parse_seccomp_line("type=1326 audit(1.000:1): comm=\"nginx\" syscall=110");
 * std::cout << filter.selects(*record, sctrace::architecture::native()) << '\n'; // 1
 * @endcode
 */
struct record_filter {
    /// Process ids, in the initial pid namespace.
    std::vector<pid_t> pids;
    /// The audit session.
    std::optional<std::uint32_t> session;
    /// Names of threads, byte for byte.
    /**
     * The kernel keeps 15 bytes of a name (include/linux/sched.h: TASK_COMM_LEN), so that a longer one
     * selects by its first 15.
     */
    std::vector<std::string> comms;
    /// Paths of executables as the records give them, byte for byte.
    std::vector<std::string> exes;
    /// Architectures of calls; x32 is one of its own.
    std::vector<architecture> archs;
    /// The earliest time.
    std::optional<log_time> since;
    /// The time from which on nothing is wanted.
    std::optional<log_time> until;

    /// Whether nothing is asked for, so that every record is selected.
    bool selects_all() const noexcept;

    /// Whether `comms` or `exes` ask for strings that only the whole parser reads.
    bool needs_names() const noexcept { return !comms.empty() || !exes.empty(); }

    /// Whether a record without a time can't be selected.
    bool needs_time() const noexcept { return since || until; }

    /// Whether a record is wanted.
    /**
     * @param record The record.
     * @param native The architecture of a record that gives none.
     * @par Exception safety
     * Strong guarantee; throws std::bad_alloc for strings of several kilobytes.
     */
    bool selects(const seccomp_record& record, architecture native) const;

    /// The same for the fields that counting reads; `comms` and `exes` play no part in it.
    /**
     * @param pid The record's process id.
     * @param ses The record's audit session.
     * @param call_arch The architecture of the call; see architecture::of_call().
     * @param time The record's time in its own digits; see parse_record_time().
     * @par Exception safety
     * No-throw guarantee.
     */
    bool selects(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses, architecture call_arch,
                 std::string_view time) const noexcept;
};

} // namespace sctrace

#endif
