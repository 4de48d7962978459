#include "audit_control.hpp"
#include "common/finding_names.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "in_child.hpp"

#include <sctrace/audit_status.hpp>
#include <sctrace/host_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <linux/netlink.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/utsname.h>

using namespace sctrace;

namespace {

std::string line_of(const host_finding& found)
{
    return std::string(to_string(found.status)) + '|' + found.value + '|' + found.meaning + '|' +
           found.remedy;
}

/// Status, value, meaning and remedy of one finding.
std::string finding(const std::string& name)
{
    const auto findings = check_host();
    const auto at = std::find_if(findings.begin(), findings.end(),
                                 [&](const host_finding& found) { return found.name == name; });
    return at == findings.end() ? "no " + name : line_of(*at);
}

template <class Prepare>
std::string finding_in_child(const std::string& name, Prepare prepare)
{
    return test::in_child([&] {
        prepare();
        return finding(name);
    });
}

bool holds(const std::string& text, const std::string& words)
{
    return text.find(words) != std::string::npos;
}

/// The calling process gets a file of its own in the place of another one.
void replace_file(const std::string& path, const std::string& by)
{
    test::keep_mounts_private();
    test::require(::mount(by.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount bind");
}

/// The finding where a setting has a value.
std::string finding_with(const std::string& name, const std::string& setting, const std::string& value)
{
    const test::temporary_folder folder;
    test::write_file(folder.file("value"), value + '\n');
    return finding_in_child(name, [&] { replace_file("/proc/sys/kernel/" + setting, folder.file("value")); });
}

/// The finding where /boot holds the running kernel's configuration.
std::string finding_with_config(const std::string& config)
{
    utsname names{};
    BOOST_REQUIRE(::uname(&names) == 0);
    const test::temporary_folder folder;
    test::write_file(folder.file(std::string("config-") + names.release), config);
    return finding_in_child("kernel_config", [&] { replace_file("/boot", folder.path()); });
}

void set_login_uid()
{
    test::require(static_cast<bool>(std::ofstream("/proc/self/loginuid") << 1234 << std::flush), "loginuid");
}

bool is_root()
{
    if (::geteuid() != 0) {
        test::skip("needs root");
    }
    return ::geteuid() == 0;
}

bool may_control_audit()
{
    const bool may = !holds(finding("audit_lost"), "cannot be read");
    if (!may) {
        test::skip("needs CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    return may;
}

/// Settings of the audit subsystem, put back at the end.
class changed_audit {
public:
    changed_audit(const ::audit_status& wanted, const ::audit_status& old)
        : old_(old)
        , changed_(test::audit_control().set(wanted))
    {
    }
    changed_audit(const changed_audit&) = delete;
    changed_audit& operator=(const changed_audit&) = delete;
    ~changed_audit() { test::audit_control().set(old_); }

    bool changed() const { return changed_; }

private:
    ::audit_status old_;
    bool changed_;
};

/// A feature of the audit subsystem that is on, and not locked, until the end.
class changed_feature {
public:
    explicit changed_feature(std::uint32_t number)
        : mask_(AUDIT_FEATURE_TO_MASK(number))
        , changed_(set(mask_))
    {
    }
    changed_feature(const changed_feature&) = delete;
    changed_feature& operator=(const changed_feature&) = delete;
    ~changed_feature() { set(0); }

    bool changed() const { return changed_; }

private:
    bool set(std::uint32_t features) const
    {
        ::audit_features wanted{};
        wanted.vers = AUDIT_FEATURE_VERSION;
        wanted.mask = mask_;
        wanted.features = features;
        return test::audit_control().send(AUDIT_SET_FEATURE, &wanted, sizeof wanted);
    }

    std::uint32_t mask_;
    bool changed_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(host_check_test)

BOOST_AUTO_TEST_CASE(every_finding_says_what_it_means)
{
    std::vector<std::string> names;
    for (const auto& found : check_host()) {
        names.push_back(found.name);
        BOOST_TEST_CONTEXT(found.name << ": " << line_of(found))
        {
            BOOST_TEST(!found.value.empty());
            BOOST_TEST(!found.meaning.empty());
            const bool in_the_way = found.status == host_status::bad || found.status == host_status::warning;
            BOOST_TEST((!in_the_way || !found.remedy.empty()));
        }
    }
    BOOST_TEST(names == test::finding_names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(words_of_status)
{
    BOOST_TEST(to_string(host_status::ok) == "ok");
    BOOST_TEST(to_string(host_status::warning) == "warning");
    BOOST_TEST(to_string(host_status::bad) == "bad");
    BOOST_TEST(to_string(host_status::unknown) == "unknown");
}

BOOST_AUTO_TEST_CASE(kernel_before_4_14)
{
    const auto found = finding_in_child("kernel_version",
                                        [] { test::require(::personality(UNAME26) != -1, "personality"); });
    BOOST_TEST(found.starts_with("bad|2.6."), found);
    BOOST_TEST(holds(found, "4.14"), found);
}

BOOST_AUTO_TEST_CASE(kernel_without_pidfd)
{
    const auto found = finding_in_child("kernel_version", [] { test::fail_call(SYS_pidfd_open, ENOSYS); });
    BOOST_TEST(found.starts_with("bad|"), found);
    BOOST_TEST(holds(found, "Linux 5.3"), found);
}

BOOST_AUTO_TEST_CASE(kernel_configuration)
{
    if (!is_root()) {
        return;
    }
    const std::string needed = "CONFIG_AUDIT=y\nCONFIG_AUDITSYSCALL=y\nCONFIG_SECCOMP_FILTER=y\n";
    const auto complete = finding_with_config("# CONFIG_NO is not set\n" + needed + "CONFIG_PROC_EVENTS=y\n");
    BOOST_TEST(complete.starts_with("ok|CONFIG_AUDIT=y CONFIG_AUDITSYSCALL=y "), complete);

    const auto no_events = finding_with_config(needed + "# CONFIG_PROC_EVENTS is not set\n");
    BOOST_TEST(no_events.starts_with("warning|"), no_events);
    BOOST_TEST(holds(no_events, "CONFIG_PROC_EVENTS=n"), no_events);

    const auto nothing = finding_with_config("CONFIG_PROC_EVENTS=y\n");
    BOOST_TEST(nothing.starts_with("bad|"), nothing);
    BOOST_TEST(holds(nothing, "lacks CONFIG_AUDIT, CONFIG_AUDITSYSCALL, CONFIG_SECCOMP_FILTER"), nothing);

    const test::temporary_folder empty;
    const auto none = finding_in_child("kernel_config", [&] { replace_file("/boot", empty.path()); });
    BOOST_TEST(none.starts_with("unknown|no /boot/config-"), none);
}

BOOST_AUTO_TEST_CASE(kernel_without_audit)
{
    const auto no_socket = [] { test::fail_call(SYS_socket, EPROTONOSUPPORT, NETLINK_AUDIT, 2); };
    const auto found = finding_in_child("kernel_audit", no_socket);
    BOOST_TEST(found.starts_with("bad|missing|"), found);
    BOOST_TEST(holds(found, "CONFIG_AUDIT"), found);
    BOOST_TEST(holds(finding_in_child("audit_lost", no_socket), "bad|cannot be read: "));
}

BOOST_AUTO_TEST_CASE(audit_switched_off_at_boot)
{
    if (!is_root()) {
        return;
    }
    const test::temporary_folder folder;
    test::write_file(folder.file("cmdline"), "quiet audit=0 ro\n");
    const auto found = finding_in_child("kernel_audit", [&] {
        replace_file("/proc/cmdline", folder.file("cmdline"));
        test::fail_call(SYS_socket, EPROTONOSUPPORT, NETLINK_AUDIT, 2);
    });
    BOOST_TEST(found.starts_with("bad|switched off by audit=0|"), found);
}

BOOST_AUTO_TEST_CASE(kernel_without_connector)
{
    const auto found = finding_in_child(
        "kernel_connector", [] { test::fail_call(SYS_socket, EPROTONOSUPPORT, NETLINK_CONNECTOR, 2); });
    BOOST_TEST(found.starts_with("warning|missing|"), found);
}

BOOST_AUTO_TEST_CASE(no_log_action)
{
    const auto found = finding_in_child(
        "actions_avail", [] { test::fail_call(SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL); });
    BOOST_TEST(found.starts_with("bad|"), found);
    BOOST_TEST(holds(found, "SECCOMP_RET_LOG"), found);
}

BOOST_AUTO_TEST_CASE(log_missing_in_actions_logged)
{
    if (!is_root()) {
        return;
    }
    const auto found = finding_with("actions_logged", "seccomp/actions_logged", "kill_process errno");
    BOOST_TEST(found.starts_with("bad|kill_process errno|"), found);
    BOOST_TEST(found.ends_with("|sysctl -w kernel.seccomp.actions_logged=\"kill_process errno log\""), found);
}

BOOST_AUTO_TEST_CASE(inherited_filter)
{
    const auto found = finding_in_child("seccomp_filters", [] { test::fail_call(SYS_swapon, EPERM); });
    BOOST_TEST(found.starts_with("bad|1 inherited|"), found);
    BOOST_TEST(holds(found, "seccomp=unconfined"), found);
}

BOOST_AUTO_TEST_CASE(namespaces)
{
    if (!is_root()) {
        return;
    }
    BOOST_TEST(finding("network_namespace").starts_with("ok|"));
    const auto network =
        finding_in_child("network_namespace", [] { test::require(::unshare(CLONE_NEWNET) == 0, "unshare"); });
    BOOST_TEST(network.starts_with("bad|not the initial one|"), network);
    BOOST_TEST(holds(network, "nsenter --net=/proc/1/ns/net"), network);
}

BOOST_AUTO_TEST_CASE(another_user_namespace)
{
    if (!is_root()) {
        return;
    }
    const auto leave = [] { test::require(::unshare(CLONE_NEWUSER) == 0, "unshare"); };
    const auto user = finding_in_child("user_namespace", leave);
    if (user == "exception: unshare") {
        return test::skip("no user namespaces here, or a sanitizer's thread is in the way");
    }
    BOOST_TEST(user.starts_with("bad|not the initial one|"), user);
    const auto capability = finding_in_child("cap_audit_read", leave);
    BOOST_TEST(capability.starts_with("bad|missing in the initial user namespace|"), capability);
    BOOST_TEST(holds(capability, "outside of the container"), capability);
}

BOOST_AUTO_TEST_CASE(capabilities)
{
    if (!is_root()) {
        return;
    }
    struct expectation {
        unsigned number;
        std::string name;
        std::string status;
        std::string remedy;
    };
    const std::vector<expectation> expectations{
        {CAP_AUDIT_READ, "cap_audit_read", "bad", "--cap-add=AUDIT_READ"},
        {CAP_AUDIT_CONTROL, "cap_audit_control", "bad", "--cap-add=AUDIT_CONTROL"},
        {CAP_SYS_ADMIN, "cap_sys_admin", "warning", "--cap-add=SYS_ADMIN"},
        {CAP_NET_ADMIN, "cap_net_admin", "warning", "--cap-add=NET_ADMIN"},
        {CAP_SYSLOG, "cap_syslog", "warning", "--cap-add=SYSLOG"},
    };
    for (const auto& each : expectations) {
        BOOST_TEST(finding(each.name).starts_with("ok|effective|"));
        const auto found = finding_in_child(each.name, [&] { test::drop_capability(each.number); });
        BOOST_TEST(found.starts_with(each.status + "|missing|"), found);
        BOOST_TEST(holds(found, each.remedy), found);
    }
    const auto of_nobody = finding_in_child("cap_audit_read", test::become_nobody);
    BOOST_TEST(of_nobody.starts_with("bad|missing|"), of_nobody);
    BOOST_TEST(holds(of_nobody, "as root"), of_nobody);
    const auto unasked = finding_in_child("cap_audit_read", [] { test::fail_call(SYS_capget, EINVAL); });
    BOOST_TEST(unasked.starts_with("bad|missing|"), unasked);
}

BOOST_AUTO_TEST_CASE(login_uid_that_is_set)
{
    if (!is_root() || !may_control_audit()) {
        return;
    }
    const auto changeable = finding_in_child("loginuid", set_login_uid);
    BOOST_TEST(changeable.starts_with("ok|set to 1234|"), changeable);
    const auto kept = finding_in_child("loginuid", [] {
        set_login_uid();
        test::drop_capability(CAP_AUDIT_CONTROL);
    });
    BOOST_TEST(kept.starts_with("warning|set to 1234, CAP_AUDIT_CONTROL is missing|"), kept);
    BOOST_TEST(holds(kept, "systemd-run"), kept);
}

// Where no process has a login uid, a moment of this does not disturb anybody.
BOOST_AUTO_TEST_CASE(login_uid_that_nobody_may_change)
{
    if (!is_root() || !may_control_audit()) {
        return;
    }
    const auto found_with = [](std::uint32_t feature) {
        const changed_feature changed(feature);
        BOOST_REQUIRE(changed.changed());
        return finding_in_child("loginuid", set_login_uid);
    };
    const auto immutable = found_with(AUDIT_FEATURE_LOGINUID_IMMUTABLE);
    BOOST_TEST(immutable.starts_with("warning|set to 1234, it is immutable"), immutable);
    const auto only_unset = found_with(AUDIT_FEATURE_ONLY_UNSET_LOGINUID);
    BOOST_TEST(only_unset.starts_with("warning|set to 1234, it can only be unset"), only_unset);
}

BOOST_AUTO_TEST_CASE(audit_state_that_cannot_be_read)
{
    if (!is_root()) {
        return;
    }
    const auto state = [](const std::string& name) { return finding_in_child(name, test::become_nobody); };
    for (const std::string name :
         {"audit_enabled", "audit_daemon", "audit_rate_limit", "audit_backlog_limit"}) {
        BOOST_TEST(state(name).starts_with("unknown|cannot be read: Operation not permitted|"), state(name));
    }
    for (const std::string name : {"audit_exclude_rules", "audit_lost"}) {
        BOOST_TEST(state(name).starts_with("bad|cannot be read: Operation not permitted|"), state(name));
    }
}

BOOST_AUTO_TEST_CASE(an_exclude_rule)
{
    if (!is_root() || !may_control_audit()) {
        return;
    }
    const test::temporary_folder folder;
    const test::excluded_program rule(folder.file("program"));
    BOOST_REQUIRE(rule.added());
    const auto found = finding("audit_exclude_rules");
    BOOST_TEST(found.starts_with("bad|"), found);
    BOOST_TEST(holds(found, "may match"), found);
    BOOST_TEST(holds(found, "auditctl -d"), found);
}

BOOST_AUTO_TEST_CASE(an_audit_daemon)
{
    if (!is_root() || !may_control_audit()) {
        return;
    }
    const test::audit_daemon daemon;
    if (!daemon.registered()) {
        return test::skip("this host has an audit daemon already");
    }
    const auto found = finding("audit_daemon");
    BOOST_TEST(found.starts_with("warning|pid "), found);
    BOOST_TEST(holds(found, "service auditd stop"), found);
}

// Limits that no record reaches meanwhile, because other programs may be recording.
BOOST_AUTO_TEST_CASE(audit_limits)
{
    if (!is_root() || !may_control_audit()) {
        return;
    }
    const auto old = read_audit_status().value();
    ::audit_status back{};
    back.mask = AUDIT_STATUS_RATE_LIMIT | AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_BACKLOG_WAIT_TIME;
    back.rate_limit = old.rate_limit;
    back.backlog_limit = old.backlog_limit;
    back.backlog_wait_time = old.backlog_wait_time;
    ::audit_status wanted = back;
    wanted.rate_limit = 4000000;
    wanted.backlog_limit = 4000000;
    wanted.backlog_wait_time = 0;
    const changed_audit changed(wanted, back);
    BOOST_REQUIRE(changed.changed());
    const auto rate = finding("audit_rate_limit");
    BOOST_TEST(rate.starts_with("warning|4000000 records per second|"), rate);
    BOOST_TEST(rate.ends_with("|auditctl -r 0"), rate);
    const auto backlog = finding("audit_backlog_limit");
    BOOST_TEST(backlog.starts_with("warning|4000000 records, no waiting|"), backlog);
    BOOST_TEST(backlog.ends_with("|auditctl --backlog_wait_time 60000"), backlog);
}

BOOST_AUTO_TEST_CASE(settings_of_the_kernel_log)
{
    if (!is_root()) {
        return;
    }
    BOOST_TEST(finding_with("printk_ratelimit", "printk_ratelimit", "0").starts_with("ok|off|"));
    const auto limited = finding_with("printk_ratelimit", "printk_ratelimit", "7");
    BOOST_TEST(limited.starts_with("warning|"), limited);
    BOOST_TEST(holds(limited, " records per 7 s|"), limited);
    BOOST_TEST(holds(limited, "sysctl -w kernel.printk_ratelimit=0"), limited);
    BOOST_TEST(finding_with("printk_devkmsg", "printk_devkmsg", "on").starts_with("ok|on|"));
    const auto off = finding_with("printk_devkmsg", "printk_devkmsg", "off");
    BOOST_TEST(off.starts_with("warning|off|"), off);
    BOOST_TEST(holds(off, "sysctl -w kernel.printk_devkmsg=ratelimit"), off);
    BOOST_TEST(finding_with("dmesg_restrict", "dmesg_restrict", "0").starts_with("ok|0|"));
    BOOST_TEST(finding_with("dmesg_restrict", "dmesg_restrict", "1").starts_with("ok|1|"));
    const auto barred = finding_in_child("dmesg_restrict", [] { test::drop_capability(CAP_SYSLOG); });
    const bool restricted = holds(finding("dmesg_restrict"), "ok|1|");
    BOOST_TEST(barred.starts_with(restricted ? "warning|1|" : "ok|0|"), barred);
}

BOOST_AUTO_TEST_CASE(size_of_the_ring)
{
    const auto unread = finding_in_child("kmsg_ring", [] { test::fail_call(SYS_syslog, EPERM); });
    BOOST_TEST(unread.starts_with("unknown|cannot be read: "), unread);
    if (!is_root()) {
        return;
    }
    const auto found = finding("kmsg_ring");
    BOOST_TEST(found.starts_with("ok|"), found);
    BOOST_TEST(holds(found, " KiB, about "), found);
}

BOOST_AUTO_TEST_CASE(names_of_calls)
{
    const auto found = finding("libseccomp");
    BOOST_TEST(holds(found, ", names calls up to number "), found);
}

BOOST_AUTO_TEST_CASE(without_proc)
{
    if (!is_root()) {
        return;
    }
    const auto statuses = test::in_child([] {
        test::hide_proc();
        std::string all;
        for (const auto& found : check_host()) {
            all += found.name + '=' + std::string(to_string(found.status)) + '\n';
        }
        return all;
    });
    for (const std::string line :
         {"actions_logged=bad", "seccomp_filters=bad", "user_namespace=unknown", "pid_namespace=unknown",
          "network_namespace=unknown", "loginuid=warning", "printk_ratelimit=unknown",
          "printk_devkmsg=unknown", "dmesg_restrict=unknown"}) {
        BOOST_TEST(holds(statuses, line + '\n'), line << " in " << statuses);
    }
}

BOOST_AUTO_TEST_SUITE_END()
