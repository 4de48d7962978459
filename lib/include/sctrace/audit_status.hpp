#ifndef SCTRACE_AUDIT_STATUS_HPP
#define SCTRACE_AUDIT_STATUS_HPP

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>

namespace sctrace {

/// The audit subsystem's own state, as AUDIT_GET reports it (kernel/audit.c, audit_receive_msg).
struct audit_status {
    /// Whether ordinary audit records are made; SECCOMP records are made either way.
    bool enabled = false;
    /// The audit daemon's process id, 0 without one. A running daemon takes the records away from /dev/kmsg.
    std::uint32_t daemon_pid = 0;
    /// Records per second above which the kernel drops, 0 for no limit.
    std::uint32_t rate_limit = 0;
    /// Records that may wait in the kernel before tasks have to wait or records are dropped, 0 for no limit.
    std::uint32_t backlog_limit = 0;
    /// Records lost since boot: dropped before a serial was taken, or by the audit rate limit.
    std::uint32_t lost = 0;
    /// Records that wait in the kernel now.
    std::uint32_t backlog = 0;
    /// How long a task waits, in jiffies, while too many records wait; 0: its record is dropped at once.
    std::uint32_t backlog_wait_time = 0;
};

/// Asks the kernel for the state of the audit subsystem.
/**
 * Blocks for the kernel's answer, at most one second.
 *
 * @par Errors
 * @li `operation_not_permitted` - no CAP_AUDIT_CONTROL, or a pid namespace of one's own (audit_netlink_ok())
 * @li `connection_refused` - a user namespace of one's own
 * @li `protocol_not_supported` - this kernel has no audit
 * @li `timed_out` - no answer within a second
 * @li otherwise the errno of a socket call
 * @par Thread Safety
 * Safe.
 *
 * @par Example
 * @code
 * const auto status = sctrace::read_audit_status();
 * if (status) {
 *     std::cout << status->lost << " records lost since boot\n";
 * } else {
 *     std::cout << status.error().message() << '\n';
 * }
 * @endcode
 */
boost::system::result<audit_status> read_audit_status();

/// Whether an exclude rule could drop SECCOMP records.
struct exclude_rules {
    /// Rules on the exclude list that a SECCOMP record could match.
    std::uint32_t matching = 0;
};

/// Asks the kernel for its audit rules and counts those that could drop a SECCOMP record.
/**
 * The kernel looks at the exclude list for every record, SECCOMP ones included, before it takes a serial
 * (kernel/audit.c, audit_log_start(); kernel/auditfilter.c, audit_filter()), so a record that a rule drops
 * leaves no gap. A rule counts unless its `msgtype` fields rule out the type of SECCOMP records, 1326:
 * whether its other fields (pid, uid, exe…) fit a process to come cannot be known.
 *
 * Blocks for the kernel's answer, at most one second.
 *
 * @par Errors
 * As read_audit_status(); also `message_size` for a rule longer than the kernel should allow.
 * @par Thread Safety
 * Safe.
 */
boost::system::result<exclude_rules> read_exclude_rules();

/// What the kernel forbids to do with login uids, and so with audit sessions.
struct audit_features {
    /// A login uid that is set can only be unset, not changed.
    bool only_unset_loginuid = false;
    /// A login uid that is set stays as it is.
    bool loginuid_immutable = false;
};

/// Asks the kernel for the features of the audit subsystem (kernel/audit.c, audit_get_feature()).
/**
 * Blocks for the kernel's answer, at most one second.
 *
 * @par Errors
 * As read_audit_status().
 * @par Thread Safety
 * Safe.
 */
boost::system::result<audit_features> read_audit_features();

/// The words of /proc/sys/kernel/seccomp/actions_logged.
/**
 * Separated by single spaces, without the newline. Only if `log` is one of them does the kernel write a
 * record for SECCOMP_RET_LOG (kernel/seccomp.c, seccomp_log()).
 *
 * @par Errors
 * The errno of open(2) or read(2); `no_such_file_or_directory` before Linux 4.14 or without seccomp.
 * @par Thread Safety
 * Safe.
 */
boost::system::result<std::string> read_actions_logged();

} // namespace sctrace

#endif
