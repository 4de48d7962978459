#include "common/finding_names.hpp"
#include "common/paths.hpp"
#include "kernel/audit_control.hpp"
#include "kernel/in_child.hpp"
#include "tool.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

using namespace sctrace::test;

namespace {

constexpr auto actions_setting = "/proc/sys/kernel/seccomp/actions_logged";

/// With it every run of `doctor` might wait for records that the kernel drops.
struct without_ratelimit {
    changed_setting setting{ratelimit_setting, "0"};
};

/// The JSON object of a run of `doctor`, and its exit status.
struct diagnosis {
    int status = -1;
    boost::json::object all;

    bool complete() const { return all.at("complete_recording_possible").as_bool(); }

    const boost::json::object& finding(std::string_view name) const
    {
        for (const auto& found : all.at("findings").as_array()) {
            if (std::string_view(found.at("name").as_string()) == name) {
                return found.as_object();
            }
        }
        throw std::runtime_error("no finding " + std::string(name));
    }

    std::string text(std::string_view name, std::string_view member) const
    {
        return std::string(finding(name).at(member).as_string());
    }
    std::string status_of(std::string_view name) const { return text(name, "status"); }
    std::string remedy(std::string_view name) const { return text(name, "remedy"); }

    const boost::json::object& probe(std::string_view name) const
    {
        return all.at("probe").at(name).as_object();
    }
    std::string probed(std::string_view name) const
    {
        return std::string(probe(name).at("status").as_string());
    }
    std::string why(std::string_view name) const { return std::string(probe(name).at("why").as_string()); }
    std::int64_t arrived(std::string_view name) const { return probe(name).at("arrived").as_int64(); }
};

bool holds(const std::string& text, std::string_view words)
{
    return text.find(words) != std::string::npos;
}

diagnosis diagnosed(invocation i)
{
    const outcome o = run(std::move(i));
    BOOST_TEST(o.err.empty(), o);
    boost::system::error_code ec;
    auto value = boost::json::parse(o.out, ec);
    BOOST_REQUIRE_MESSAGE(!ec, o);
    BOOST_TEST(o.out.back() == '\n');
    diagnosis d{o.status, std::move(value.as_object())};
    BOOST_TEST(d.status == (d.complete() ? 0 : 1));
    return d;
}

invocation doctor(const words& options = {})
{
    return tool(joined({"doctor"}, options));
}

/// Runs in another program's child.
diagnosis diagnosed_under(const words& wrapper)
{
    invocation i = doctor({"--json"});
    i.words = joined(wrapper, i.words);
    return diagnosed(std::move(i));
}

diagnosis diagnosed_after(std::function<void()> prepare)
{
    invocation i = doctor({"--json"});
    i.prepare = std::move(prepare);
    return diagnosed(std::move(i));
}

/// Says why and returns false where nothing can be complete.
bool is_host()
{
    if (!can_record()) {
        return false;
    }
    if (!audit_control().send(AUDIT_GET, nullptr, 0)) {
        skip("needs CAP_AUDIT_CONTROL in the host's own namespaces");
        return false;
    }
    return true;
}

/// Another test may spoil the host for a moment.
outcome complete_run(const words& options)
{
    outcome o;
    eventually([&] {
        o = run(doctor(options));
        return o.status == 0;
    });
    BOOST_TEST(o.status == 0, o);
    return o;
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

/// Root loses it at exec, which gives it what the bounding set holds.
void drop_capability(int number)
{
    require(::prctl(PR_CAPBSET_DROP, number, 0L, 0L, 0L) == 0, "prctl");
}

bool has_namespaces()
{
    const outcome o = run({words{"unshare", "--pid", "--fork", "--mount-proc", "/bin/true"}});
    if (o.status != 0) {
        skip("no namespaces can be made: " + o.err);
    }
    return o.status == 0;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(cli_doctor, without_ratelimit)

BOOST_AUTO_TEST_CASE(a_host_that_allows_everything_is_complete)
{
    if (!is_host()) {
        return;
    }
    const outcome o = complete_run({});
    const auto lines = lines_of(o.out);
    BOOST_REQUIRE(!lines.empty());
    BOOST_TEST(lines.back() == "a complete recording is possible (--source audit, --follow session)");
    for (const std::string& line : lines) {
        BOOST_TEST(line.size() <= 100U, line);
    }
    std::vector<std::string> first_words;
    for (const std::string& line : lines) {
        if (!line.empty() && line.front() != ' ') {
            first_words.push_back(line.substr(0, line.find(' ')));
        }
    }
    auto expected =
        joined(finding_names, {"probe_audit", "probe_kmsg", "probe_session", "probe_fork_events"});
    expected.emplace_back("a");
    BOOST_TEST(first_words == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(json_has_what_programs_need)
{
    if (!is_host()) {
        return;
    }
    diagnosis d;
    // Another recorder may put its own rate limit back.
    eventually([&] {
        d = diagnosed(doctor({"--json"}));
        return d.complete() && d.probed("kmsg") == "ok";
    });
    BOOST_TEST(has_exactly(d.all, {"version", "complete_recording_possible", "findings", "probe"}));
    BOOST_TEST(d.all.at("version").as_int64() == 1);
    BOOST_TEST(d.complete());
    std::vector<std::string> names;
    for (const auto& found : d.all.at("findings").as_array()) {
        BOOST_TEST(has_exactly(found.as_object(), {"name", "status", "value", "meaning", "remedy"}));
        names.emplace_back(found.at("name").as_string());
    }
    BOOST_TEST(names == finding_names, boost::test_tools::per_element());

    const auto& probe = d.all.at("probe").as_object();
    BOOST_TEST(has_exactly(probe, {"calls", "audit", "kmsg", "session", "fork_events"}));
    BOOST_TEST(probe.at("calls").as_int64() == 2);
    for (const std::string_view source : {"audit", "kmsg"}) {
        BOOST_TEST(has_exactly(d.probe(source), {"status", "arrived", "milliseconds", "why"}));
        BOOST_TEST(d.probed(source) == "ok", d.why(source));
        BOOST_TEST(d.arrived(source) == 2);
        BOOST_TEST(d.why(source).empty());
    }
    BOOST_TEST(has_exactly(d.probe("session"), {"status", "session", "why"}));
    BOOST_TEST(d.probed("session") == "ok");
    BOOST_TEST(d.probe("session").at("session").to_number<std::uint32_t>() != 4294967295U);
    BOOST_TEST(has_exactly(d.probe("fork_events"), {"status", "why"}));
    BOOST_TEST(d.probed("fork_events") == "ok", d.why("fork_events"));
}

BOOST_AUTO_TEST_CASE(quiet_is_the_conclusion_alone)
{
    if (!is_host()) {
        return;
    }
    const std::string conclusion = "a complete recording is possible (--source audit, --follow session)\n";
    BOOST_TEST(complete_run({"--quiet"}).out == conclusion);
    const outcome o = complete_run({"-q", "--json"});
    BOOST_TEST(o.out.starts_with("{\"version\":1,"), o);
}

BOOST_AUTO_TEST_CASE(an_output_that_takes_nothing_is_a_failure)
{
    invocation i = doctor();
    i.output_file = "/dev/full";
    const outcome o = run(std::move(i));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("cannot write to standard output"), o);
}

BOOST_AUTO_TEST_CASE(without_log_in_actions_logged_it_names_the_command_that_puts_it_back)
{
    if (!is_host()) {
        return;
    }
    const changed_setting without(actions_setting, "kill_process kill_thread trap errno user_notif trace");
    const auto start = std::chrono::steady_clock::now();
    const diagnosis d = diagnosed(doctor({"--json"}));
    // Nothing is waited for that cannot come.
    BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::seconds(5)));
    BOOST_TEST(!d.complete());
    BOOST_TEST(d.status_of("actions_logged") == "bad");
    BOOST_TEST(d.probed("audit") == "bad");
    BOOST_TEST(holds(d.why("audit"), "actions_logged"), d.why("audit"));
    BOOST_TEST(d.probed("kmsg") == "warning");
    BOOST_TEST(d.probed("session") == "ok");

    const outcome shown = run(doctor());
    BOOST_TEST(shown.status == 1, shown);
    BOOST_TEST(holds(shown.out, "change: sysctl -w kernel.seccomp.actions_logged="), shown);
    const auto last = lines_of(shown.out).back();
    BOOST_TEST(last.starts_with("no complete recording is possible because of actions_logged"), last);
    BOOST_TEST(last.ends_with("no other one was seen to work"), last);

    BOOST_TEST(run({shell("PATH=$PATH:/usr/sbin:/sbin; " + d.remedy("actions_logged"))}).status == 0);
    const std::string words_now = ' ' + read_setting(actions_setting) + ' ';
    BOOST_TEST(holds(words_now, " log "), words_now);
    BOOST_TEST(holds(words_now, " errno "), words_now);
}

BOOST_AUTO_TEST_CASE(in_a_network_namespace_nothing_comes_through_the_audit_socket)
{
    if (!is_host() || !has_namespaces()) {
        return;
    }
    const diagnosis d = diagnosed_under({"unshare", "--net"});
    BOOST_TEST(!d.complete());
    BOOST_TEST(d.status_of("network_namespace") == "bad");
    BOOST_TEST(holds(d.remedy("network_namespace"), "nsenter"), d.remedy("network_namespace"));
    BOOST_TEST(d.status_of("pid_namespace") == "ok");
    BOOST_TEST(d.probed("audit") == "bad");
    BOOST_TEST(d.arrived("audit") == 0);
    BOOST_TEST(holds(d.why("audit"), "not all came within 1 s"), d.why("audit"));
    BOOST_TEST(d.probed("fork_events") == "warning");
    BOOST_TEST(!d.why("fork_events").empty());
}

BOOST_AUTO_TEST_CASE(in_a_pid_namespace_records_come_but_prove_nothing)
{
    if (!is_host() || !has_namespaces()) {
        return;
    }
    const words wrapper{"unshare", "--pid", "--fork", "--mount-proc"};
    const diagnosis d = diagnosed_under(wrapper);
    BOOST_TEST(!d.complete());
    for (const std::string_view name : {"pid_namespace", "audit_exclude_rules", "audit_lost"}) {
        BOOST_TEST(d.status_of(name) == "bad", name);
    }
    BOOST_TEST(d.probed("audit") == "ok", d.why("audit"));
    invocation i = doctor({"--quiet"});
    i.words = joined(wrapper, i.words);
    const outcome o = run(std::move(i));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(holds(o.out, "because of pid_namespace, "), o);
    BOOST_TEST(holds(o.out, "; an unproven one is (--source audit)\n"), o);
}

BOOST_AUTO_TEST_CASE(in_a_user_namespace_no_capability_counts)
{
    if (!is_host()) {
        return;
    }
    const words wrapper{"unshare", "--user", "--map-root-user"};
    if (run({joined(wrapper, {"/bin/true"})}).status != 0) {
        return skip("no user namespaces can be made");
    }
    const diagnosis d = diagnosed_under(wrapper);
    BOOST_TEST(!d.complete());
    for (const std::string_view name : {"user_namespace", "cap_audit_read", "cap_audit_control"}) {
        BOOST_TEST(d.status_of(name) == "bad", name);
    }
    BOOST_TEST(d.status_of("pid_namespace") == "ok");
    BOOST_TEST(holds(d.why("audit"), "CAP_AUDIT_READ"), d.why("audit"));
}

BOOST_AUTO_TEST_CASE(an_ordinary_user_is_told_to_become_root)
{
    if (!is_host()) {
        return;
    }
    invocation i = doctor({"--json"});
    i.prepare = [] { become_nobody(); };
    const outcome tried = run(i);
    if (tried.status == could_not_start) {
        return skip("the user nobody cannot run the tool: " + tried.err);
    }
    const diagnosis d = diagnosed(std::move(i));
    BOOST_TEST(!d.complete());
    for (const std::string_view name : {"cap_audit_read", "cap_audit_control"}) {
        BOOST_TEST(d.status_of(name) == "bad", name);
        BOOST_TEST(holds(d.remedy(name), "as root"), d.remedy(name));
    }
    BOOST_TEST(d.status_of("cap_sys_admin") == "warning");
    BOOST_TEST(d.probed("audit") == "bad");
    BOOST_TEST(holds(d.why("audit"), "CAP_AUDIT_READ"), d.why("audit"));
    if (read_setting("/proc/sys/kernel/dmesg_restrict") == "1") {
        BOOST_TEST(d.status_of("dmesg_restrict") == "warning");
        BOOST_TEST(d.probed("kmsg") == "warning");
        BOOST_TEST(holds(d.why("kmsg"), "CAP_SYSLOG"), d.why("kmsg"));
    }
}

BOOST_AUTO_TEST_CASE(a_root_without_a_capability_learns_how_to_get_it)
{
    if (!is_host()) {
        return;
    }
    const diagnosis no_control = diagnosed_after([] { drop_capability(CAP_AUDIT_CONTROL); });
    BOOST_TEST(!no_control.complete());
    BOOST_TEST(no_control.status_of("cap_audit_control") == "bad");
    BOOST_TEST(holds(no_control.remedy("cap_audit_control"), "--cap-add=AUDIT_CONTROL"));
    BOOST_TEST(no_control.status_of("audit_lost") == "bad");
    BOOST_TEST(no_control.status_of("audit_daemon") == "unknown");
    BOOST_TEST(no_control.probed("audit") == "ok");

    const diagnosis no_reading = diagnosed_after([] { drop_capability(CAP_AUDIT_READ); });
    BOOST_TEST(!no_reading.complete());
    BOOST_TEST(no_reading.status_of("cap_audit_read") == "bad");
    BOOST_TEST(no_reading.status_of("audit_lost") == "ok");
    BOOST_TEST(holds(no_reading.why("audit"), "CAP_AUDIT_READ"), no_reading.why("audit"));

    const diagnosis no_admin = diagnosed_after([] { drop_capability(CAP_SYS_ADMIN); });
    BOOST_TEST(no_admin.status_of("cap_sys_admin") == "warning");
    BOOST_TEST(no_admin.probed("audit") == "ok");
}

BOOST_AUTO_TEST_CASE(without_a_session_descendants_are_found_by_fork_events)
{
    if (!is_host()) {
        return;
    }
    const diagnosis d = diagnosed_after([] {
        require(static_cast<bool>(std::ofstream("/proc/self/loginuid") << 1234 << std::flush), "loginuid");
        drop_capability(CAP_AUDIT_CONTROL);
    });
    BOOST_TEST(d.status_of("loginuid") == "warning");
    BOOST_TEST(d.probed("session") == "warning");
    BOOST_TEST(d.probe("session").at("session").is_null());
    BOOST_TEST(holds(d.why("session"), "login uid is set"), d.why("session"));
    BOOST_TEST(d.probed("fork_events") == "ok", d.why("fork_events"));
}

BOOST_AUTO_TEST_CASE(an_exclude_rule_is_in_the_way)
{
    if (!is_host()) {
        return;
    }
    const temporary_folder folder;
    const excluded_program rule(folder.file("program"));
    BOOST_REQUIRE(rule.added());
    const diagnosis d = diagnosed(doctor({"--json"}));
    BOOST_TEST(!d.complete());
    BOOST_TEST(d.status_of("audit_exclude_rules") == "bad");
    BOOST_TEST(holds(d.remedy("audit_exclude_rules"), "auditctl"));
    BOOST_TEST(d.probed("audit") == "ok", d.why("audit"));
    BOOST_TEST(holds(run(doctor({"-q"})).out, "because of audit_exclude_rules; an unproven one is"));
}

BOOST_AUTO_TEST_CASE(a_rule_that_excludes_the_tool_shows_in_the_probe)
{
    if (!is_host()) {
        return;
    }
    const excluded_program rule(tool_path());
    BOOST_REQUIRE(rule.added());
    const diagnosis d = diagnosed(doctor({"--json"}));
    BOOST_TEST(!d.complete());
    BOOST_TEST(d.probed("audit") == "bad");
    BOOST_TEST(d.arrived("audit") == 0);
    BOOST_TEST(d.probed("kmsg") == "warning");
    BOOST_TEST(d.arrived("kmsg") == 0);
    BOOST_TEST(holds(d.why("kmsg"), "not all came within "), d.why("kmsg"));
}

BOOST_AUTO_TEST_CASE(an_audit_daemon_keeps_records_from_the_kernel_log_only)
{
    if (!is_host()) {
        return;
    }
    const audit_daemon daemon;
    if (!daemon.registered()) {
        return skip("this host has an audit daemon already");
    }
    diagnosis d;
    eventually([&] {
        d = diagnosed(doctor({"--json"}));
        return d.complete();
    });
    BOOST_TEST(d.complete());
    BOOST_TEST(d.status_of("audit_daemon") == "warning");
    BOOST_TEST(d.probed("audit") == "ok");
    BOOST_TEST(d.probed("kmsg") == "warning");
    BOOST_TEST(holds(d.why("kmsg"), "daemon"), d.why("kmsg"));
}

BOOST_AUTO_TEST_CASE(an_inherited_filter_may_hide_calls)
{
    if (!is_host()) {
        return;
    }
    const diagnosis d = diagnosed_after([] { fail_call(SYS_swapon, EPERM); });
    BOOST_TEST(!d.complete());
    BOOST_TEST(d.status_of("seccomp_filters") == "bad");
    BOOST_TEST(d.text("seccomp_filters", "value") == "1 inherited");
    BOOST_TEST(d.probed("audit") == "ok", d.why("audit"));
}

BOOST_AUTO_TEST_CASE(where_no_filter_can_be_installed_there_is_no_probe)
{
    if (!is_host()) {
        return;
    }
    const diagnosis d = diagnosed_after([] { fail_call(SYS_seccomp, EPERM, SECCOMP_SET_MODE_FILTER); });
    BOOST_TEST(!d.complete());
    for (const std::string_view name : {"audit", "kmsg", "session", "fork_events"}) {
        BOOST_TEST(holds(d.why(name), "no records can be made"), name << ": " << d.why(name));
    }
    BOOST_TEST(d.probed("session") == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
