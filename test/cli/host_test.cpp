#include "kernel/in_child.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

using namespace sctrace::test;

namespace {

/// Runs a tool of a user of no rights; such a user need not be able to reach the tool.
outcome run_as_nobody(invocation i)
{
    i.prepare = [] { become_nobody(); };
    return run(std::move(i));
}

bool could_start(const outcome& o)
{
    if (o.status == could_not_start) {
        skip("the user nobody cannot run the tool: " + o.err);
    }
    return o.status != could_not_start;
}

/// The same in a pid namespace of its own with its own /proc.
invocation in_pid_namespace(invocation i)
{
    i.words = joined({"unshare", "--pid", "--fork", "--mount-proc"}, i.words);
    return i;
}

bool has_namespaces()
{
    const outcome o = run({words{"unshare", "--pid", "--fork", "--mount-proc", "/bin/true"}});
    if (o.status != 0) {
        skip("no namespaces can be made: " + o.err);
    }
    return o.status == 0;
}

/// Runs a tool where a folder is a file system of 64 KiB that holds an old trace, and prints that trace then.
outcome run_on_small_disk(const temporary_folder& folder, const invocation& i)
{
    const std::string script = "mount -t tmpfs -o size=64k none " + folder.path() +
                               " || exit 99; echo old > " + folder.file("trace") +
                               "; \"$@\"; status=$?; cat " + folder.file("trace") + "; exit $status";
    return run({joined({"unshare", "--mount", "/bin/sh", "-c", script, "sh"}, i.words)});
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_host)

BOOST_AUTO_TEST_CASE(without_permission_the_message_says_what_is_needed)
{
    if (::geteuid() != 0 || read_setting("/proc/sys/kernel/dmesg_restrict") != "1") {
        skip("needs root, and kernel.dmesg_restrict=1");
        return;
    }
    const temporary_folder folder;
    const outcome o =
        run_as_nobody(tool({"record", "--source", "kmsg", "-o", folder.file("trace"), "--", "/bin/true"}));
    if (!could_start(o)) {
        return;
    }
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("root"), o);
    BOOST_TEST(o.says("CAP_SYSLOG"), o);
    BOOST_TEST(o.says("kernel.dmesg_restrict"), o);
    BOOST_TEST(std::filesystem::exists(folder.file("trace")));
    BOOST_TEST(read_file(folder.file("trace")).empty());
}

BOOST_AUTO_TEST_CASE(without_capabilities_no_new_privs_is_set_and_told)
{
    if (::geteuid() != 0) {
        skip("needs root");
        return;
    }
    const temporary_folder folder;
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    BOOST_REQUIRE(::chown(folder.file("fifo").c_str(), nobody, nobody) == 0);
    const outcome o = run_as_nobody(tool(
        {"record", "--kmsg", folder.file("fifo"), "--", "/bin/grep", "NoNewPrivs", "/proc/self/status"}));
    if (!could_start(o)) {
        return;
    }
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == "NoNewPrivs:\t1\n");
    BOOST_TEST(o.says("no_new_privs"), o);
}

BOOST_AUTO_TEST_CASE(another_user_cannot_be_had_without_capabilities)
{
    if (::geteuid() != 0) {
        skip("needs root");
        return;
    }
    const temporary_folder folder;
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    BOOST_REQUIRE(::chown(folder.file("fifo").c_str(), nobody, nobody) == 0);
    const outcome o = run_as_nobody(
        tool({"record", "--kmsg", folder.file("fifo"), "--user", "root", "--", "/bin/echo", "ran"}));
    if (!could_start(o)) {
        return;
    }
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.says("cannot become user root"), o);
    BOOST_TEST(o.says("CAP_SETUID"), o);
}

BOOST_AUTO_TEST_CASE(the_rate_limit_cannot_be_lifted_without_permission)
{
    if (::geteuid() != 0) {
        skip("needs root");
        return;
    }
    const temporary_folder folder;
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    BOOST_REQUIRE(::chown(folder.file("fifo").c_str(), nobody, nobody) == 0);
    const outcome o = run_as_nobody(
        tool({"record", "--kmsg", folder.file("fifo"), "--lift-ratelimit", "--", "/bin/echo", "ran"}));
    if (!could_start(o)) {
        return;
    }
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.says("printk_ratelimit"), o);
    BOOST_TEST(o.says("root"), o);
}

BOOST_AUTO_TEST_CASE(a_process_id_of_a_pid_namespace_is_refused)
{
    if (!can_record() || !has_namespaces()) {
        return;
    }
    const outcome o = run(in_pid_namespace(record({"--pid", "1", "--duration", "1"})));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("pid namespace"), o);
}

BOOST_AUTO_TEST_CASE(a_command_in_a_pid_namespace_is_exact)
{
    if (!can_record() || !has_namespaces()) {
        return;
    }
    const temporary_folder folder;
    const outcome o =
        run(in_pid_namespace(record({"-o", folder.file("trace")}, generator({getppid_calls(33)}))));
    BOOST_TEST(o.status == 0, o);
    const auto counts = counts_in(read_file(folder.file("trace")));
    BOOST_TEST(counts.at("getppid") == 33U);
    BOOST_TEST(counts.at("execve") == 1U);
    // The kernel answers questions about its audit rules only in the initial pid namespace.
    BOOST_TEST(o.says("\nunproven: "), o);
}

BOOST_AUTO_TEST_CASE(without_log_in_actions_logged_it_says_so_and_does_not_wait_in_vain)
{
    if (!can_record()) {
        return;
    }
    const std::string setting = "/proc/sys/kernel/seccomp/actions_logged";
    changed_setting without(setting, "kill_process kill_thread trap errno user_notif trace");
    const auto start = std::chrono::steady_clock::now();
    const outcome o = run(record({}, {"/bin/true"}));
    // A record of the recorder's own would be waited for at the start and at the end.
    BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::seconds(6)));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("sysctl -w kernel.seccomp.actions_logged=\""), o);
    BOOST_TEST(o.says("trace log\""), o);
    BOOST_TEST(o.says("\nunproven: "), o);
    BOOST_TEST(o.says("actions_logged does not hold `log`"), o);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_at_the_end_is_125_and_the_old_trace_stays)
{
    if (!can_record() || !has_namespaces()) {
        return;
    }
    const temporary_folder folder;
    const words command = shell("cat /dev/zero > " + folder.file("fill") + " 2> /dev/null; exit 0");
    const outcome o =
        run_on_small_disk(folder, record({"--flush-interval", "0", "-o", folder.file("trace")}, command));
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("cannot write " + folder.file("trace") + ": No space left on device"), o);
    BOOST_TEST(o.out == "old\n");
}

BOOST_AUTO_TEST_CASE(a_disk_that_has_room_again_at_the_end_gets_the_trace)
{
    if (!can_record() || !has_namespaces()) {
        return;
    }
    const temporary_folder folder;
    const words command = shell("cat /dev/zero > " + folder.file("fill") + " 2> /dev/null; sleep 0.1; rm " +
                                folder.file("fill"));
    const outcome o =
        run_on_small_disk(folder, record({"--flush-interval", "0.005", "-o", folder.file("trace")}, command));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(counts_in(o.out).count("execve") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
