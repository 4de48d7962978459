#ifndef SCTRACE_HOST_CHECK_HPP
#define SCTRACE_HOST_CHECK_HPP

#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

/// What a finding means for a recording.
enum class host_status {
    /// Nothing stands in the way.
    ok,
    /// A recording can be complete, but something works less well; the finding says what.
    warning,
    /// As long as this is so, no recording of a command can be proved complete.
    bad,
    /// It could not be found out, and need not be known.
    unknown,
};

/// `ok`, `warning`, `bad` or `unknown`.
std::string_view to_string(host_status status) noexcept;

/// One fact about the host that decides on what can be recorded.
struct host_finding {
    /// Says what was looked at; the same in all releases, for programs.
    std::string name;
    /// Whether it stands in the way of a recording.
    host_status status = host_status::unknown;
    /// What was found.
    std::string value;
    /// What that means for a recording, in words.
    std::string meaning;
    /// A shell command that changes it, or what else does, in words; empty where nothing is to be changed.
    std::string remedy;
};

/// Looks at everything on this host that a recording depends on, as far as it can be seen without recording.
/**
 * Changes nothing and makes no records. The findings are about the calling process, whose capabilities,
 * namespaces and filters a recorded command inherits. They come in a fixed order, the ones without which
 * nothing is recorded first:
 * @li `kernel_version`, `kernel_config`, `kernel_audit`, `kernel_connector` - what the kernel can do
 * @li `actions_avail`, `actions_logged`, `seccomp_filters` - whether it logs calls, and whether filters that
 * the process has inherited hide some
 * @li `user_namespace`, `pid_namespace`, `network_namespace`
 * @li `cap_audit_read`, `cap_audit_control`, `cap_sys_admin`, `cap_net_admin`, `cap_syslog` - effective
 * capabilities, as the initial user namespace sees them
 * @li `loginuid` - whether a child can have an audit session of its own
 * @li `audit_enabled`, `audit_daemon`, `audit_exclude_rules`, `audit_rate_limit`, `audit_backlog_limit`,
 * `audit_lost` - the state of the audit subsystem
 * @li `printk_ratelimit`, `printk_devkmsg`, `dmesg_restrict`, `kmsg_ring` - what /dev/kmsg gives
 * @li `libseccomp` - whether calls that are new in this kernel get a name
 *
 * Blocks for answers of the kernel to questions about audit, usually for less than a millisecond, at most for
 * three seconds.
 *
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * for (const sctrace::host_finding& finding : sctrace::check_host()) {
 *     std::cout << finding.name << ": " << to_string(finding.status) << ' ' << finding.remedy << '\n';
 * }
 * @endcode
 */
std::vector<host_finding> check_host();

} // namespace sctrace

#endif
