#ifndef SCTRACE_BRACKET_HPP
#define SCTRACE_BRACKET_HPP

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace sctrace {

/// A record of our own: a child under a filter made one call with a number that no kernel has.
/**
 * Serials are taken and records are delivered in one order, so when this record comes back, every earlier one
 * has been delivered too (or is lost): it marks the beginning or the end of a recording without a sleep.
 */
struct bracket {
    /// The child that made the call; it has ended and is reaped, so the number may be used again.
    pid_t pid = 0;
    /// The number of the call, random, between 0x10000000 and 0x3fffffff.
    std::int64_t syscall = 0;
};

/// Whether a call with this number is a bracket's, this recorder's or another one's: no program makes such
/// calls.
constexpr bool is_bracket_number(std::int64_t number) noexcept
{
    return number >= 0x10000000 && number <= 0x3fffffff;
}

/// Has the kernel write one SECCOMP record that can be told from all others.
/**
 * A short-lived child sets no_new_privs, installs a filter that logs only the one number (on every
 * architecture) and makes the one call, which fails with ENOSYS and is logged (kernel/seccomp.c,
 * __seccomp_filter() and seccomp_log()). No privilege is needed. The record is in the kernel's queue when
 * this function returns; it arrives nowhere if `log` is absent from actions_logged, if an audit rule excludes
 * it or if it is lost.
 *
 * A server may call it: the child shares the caller's memory instead of copying it, sends no SIGCHLD and is
 * invisible to waitpid(-1), and runs no signal handler. The calling thread waits for it, about a millisecond.
 *
 * @return What to look for in the stream of records.
 * @par Errors
 * @li the errno of clone(2), or of what the child failed to do (prctl(2), seccomp(2))
 * @li `operation_not_supported` - the kernel has no SECCOMP_RET_LOG (before 4.14)
 * @li `error::launch_failed` - the child was killed before it made the call
 * @par Thread Safety
 * Safe: may be called from any number of threads at once.
 *
 * @par Example
 * @code
 * const auto mark = sctrace::emit_bracket();
 * if (mark) {
 *     std::cout << "look for call " << mark->syscall << " of process " << mark->pid << '\n';
 * } else {
 *     std::cout << mark.error().message() << '\n';
 * }
 * @endcode
 */
boost::system::result<bracket> emit_bracket() noexcept;

/// Records of our own that try a host out: one child in an audit session of its own made several calls.
struct probe {
    /// The child that made the calls, seen from the caller; it has ended and is reaped.
    pid_t pid = 0;
    /// The number of the first call; each further one has the next number.
    std::int64_t syscall = 0;
    /// How many calls were made.
    std::uint32_t calls = 0;
    /// The audit session that the child took, which the records carry.
    std::optional<std::uint32_t> session;
    /// Why there is no session: the errno of opening, writing or reading /proc/self/loginuid and sessionid.
    /**
     * @li `operation_not_permitted` - the login uid is set, and it is immutable or CAP_AUDIT_CONTROL is
     * missing (kernel/audit.c, audit_set_loginuid_perm())
     * @li `no_such_file_or_directory` - the kernel has no audit, or /proc is not mounted
     */
    boost::system::error_code session_error;
};

/// Has the kernel write several SECCOMP records of one child, which first takes an audit session.
/**
 * As emit_bracket(), but the child also rewrites its login uid: with the one it has, or with the caller's uid
 * when it is unset. No session is no error of the function.
 *
 * @param calls How many, at most max_probe_calls.
 * @par Errors
 * As emit_bracket(); `invalid_argument` for more calls than that.
 * @par Thread Safety
 * Safe.
 */
boost::system::result<probe> emit_probe(std::uint32_t calls) noexcept;

/// The most calls that one probe makes.
inline constexpr std::uint32_t max_probe_calls = 1024;

} // namespace sctrace

#endif
