#ifndef SCTRACE_TEST_FINDING_NAMES_HPP
#define SCTRACE_TEST_FINDING_NAMES_HPP

#include <string>
#include <vector>

namespace sctrace::test {

/// The names of what check_host() finds, in its order.
inline const std::vector<std::string> finding_names{
    "kernel_version",      "kernel_config",     "kernel_audit",        "kernel_connector",
    "actions_avail",       "actions_logged",    "seccomp_filters",     "user_namespace",
    "pid_namespace",       "network_namespace", "cap_audit_read",      "cap_audit_control",
    "cap_sys_admin",       "cap_net_admin",     "cap_syslog",          "loginuid",
    "audit_enabled",       "audit_daemon",      "audit_exclude_rules", "audit_rate_limit",
    "audit_backlog_limit", "audit_lost",        "printk_ratelimit",    "printk_devkmsg",
    "dmesg_restrict",      "kmsg_ring",         "libseccomp"};

} // namespace sctrace::test

#endif
