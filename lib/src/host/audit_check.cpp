#include "host/host_check.hpp"

#include <sctrace/audit_status.hpp>

#include <utility>

namespace sctrace::detail {

namespace {

using boost::system::result;

constexpr const char* way_to_read = "run it as root in the initial user and pid namespaces";

host_finding unread(std::string name, host_status status, const boost::system::error_code& why,
                    std::string meaning)
{
    return {std::move(name), status, unreadable(why), std::move(meaning), way_to_read};
}

host_finding audit_enabled(const result<audit_status>& audit)
{
    constexpr auto meaning = "seccomp records are made whether or not others are";
    if (!audit) {
        return unread("audit_enabled", host_status::unknown, audit.error(), meaning);
    }
    return {"audit_enabled", host_status::ok, audit->enabled ? "yes" : "no", meaning, ""};
}

host_finding audit_daemon(const result<audit_status>& audit)
{
    if (!audit) {
        return unread("audit_daemon", host_status::unknown, audit.error(),
                      "one would keep records away from /dev/kmsg; the audit socket has them either way");
    }
    if (audit->daemon_pid == 0) {
        return {"audit_daemon", host_status::ok, "none", "records also go to /dev/kmsg", ""};
    }
    return {"audit_daemon", host_status::warning, "pid " + std::to_string(audit->daemon_pid),
            "no record goes to /dev/kmsg; the audit socket has them all", "service auditd stop"};
}

host_finding audit_exclude_rules()
{
    const auto rules = read_exclude_rules();
    if (!rules) {
        return unread("audit_exclude_rules", host_status::bad, rules.error(),
                      "a rule may drop records before anyone sees them, so nothing is proved");
    }
    if (rules->matching == 0) {
        return {"audit_exclude_rules", host_status::ok, "none that matches", "no rule drops records", ""};
    }
    return {"audit_exclude_rules", host_status::bad, std::to_string(rules->matching) + " may match",
            "they can drop records before anyone sees them",
            "auditctl -l shows them; delete each with auditctl -d exclude,... instead of -a, or all rules "
            "with auditctl -D"};
}

host_finding audit_rate_limit(const result<audit_status>& audit)
{
    if (!audit) {
        return unread("audit_rate_limit", host_status::unknown, audit.error(),
                      "records above a limit would be dropped");
    }
    if (audit->rate_limit == 0) {
        return {"audit_rate_limit", host_status::ok, "none", "the kernel drops no records for their rate",
                ""};
    }
    return {"audit_rate_limit", host_status::warning,
            std::to_string(audit->rate_limit) + " records per second",
            "a command that makes more calls than that loses records", "auditctl -r 0"};
}

host_finding audit_backlog_limit(const result<audit_status>& audit)
{
    constexpr auto meaning = "a command that makes calls faster than the kernel delivers them has to wait";
    if (!audit) {
        return unread("audit_backlog_limit", host_status::unknown, audit.error(), meaning);
    }
    const std::string limit =
        audit->backlog_limit == 0 ? "none" : std::to_string(audit->backlog_limit) + " records";
    if (audit->backlog_limit != 0 && audit->backlog_wait_time == 0) {
        return {"audit_backlog_limit", host_status::warning, limit + ", no waiting",
                "records above the limit are dropped instead of slowing the command down",
                "auditctl --backlog_wait_time 60000"};
    }
    return {"audit_backlog_limit", host_status::ok, limit, meaning, ""};
}

host_finding audit_lost(const result<audit_status>& audit)
{
    if (!audit) {
        return unread("audit_lost", host_status::bad, audit.error(),
                      "records can be dropped without a trace, so nothing is proved");
    }
    return {"audit_lost", host_status::ok, std::to_string(audit->lost) + " since boot",
            "only what is added while recording counts", ""};
}

} // namespace

std::vector<host_finding> check_audit()
{
    const auto audit = read_audit_status();
    return {audit_enabled(audit),    audit_daemon(audit),        audit_exclude_rules(),
            audit_rate_limit(audit), audit_backlog_limit(audit), audit_lost(audit)};
}

} // namespace sctrace::detail
