#include "common/paths.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "kernel/audit_control.hpp"
#include "kernel/generator_process.hpp"
#include "kernel/in_child.hpp"
#include "kernel/kernel_recording.hpp"

#include <sctrace/recorder.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::architecture;
using sctrace::verdict;
using sctrace::test::can_record;
using sctrace::test::generator_path;
using sctrace::test::generator_process;
using sctrace::test::getppid_call;
using sctrace::test::kept_setting;
using sctrace::test::kernel_recording;

constexpr std::int64_t getuid_call = 102;
constexpr auto sysctl_path = "/proc/sys/kernel/printk_ratelimit";

std::string read_sysctl()
{
    std::string value;
    std::ifstream(sysctl_path) >> value;
    return value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kernel_recordings)

BOOST_AUTO_TEST_CASE(a_command_with_known_counts_is_complete)
{
    if (!can_record()) {
        return;
    }
    kernel_recording r;
    r.run({generator_path(), "110:100", "102:7", "0x4000006e:3", "-1:2", "123456:4"});
    BOOST_TEST(r.count(getppid_call) == 100U);
    BOOST_TEST(r.count(getuid_call) == 7U);
    BOOST_TEST(r.count(0x4000006e) == 3U);
    BOOST_TEST(r.count(-1) == 2U);
    BOOST_TEST(r.count(123456) == 4U);
    BOOST_TEST(r.count(59) == 1U);
    BOOST_TEST(r.count(231) == 1U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
    BOOST_TEST(r.report.child->code == 0);
}

BOOST_AUTO_TEST_CASE(the_setting_is_lifted_while_recording_and_back_afterwards)
{
    if (!can_record()) {
        return;
    }
    const std::string before = read_sysctl();
    kernel_recording r;
    generator_process generator({"110:1"});
    r.options.pids = {generator.pid()};
    r.start();
    BOOST_TEST(read_sysctl() == "0");
    r.stop();
    BOOST_TEST(read_sysctl() == before);
}

BOOST_AUTO_TEST_CASE(an_i386_program_is_counted_under_its_architecture)
{
    if (!can_record()) {
        return;
    }
    kernel_recording r;
    r.run({generator_path(), "i386:64:5", "110:2"});
    if (r.report.child->code == 77) {
        sctrace::test::skip("the kernel runs no int 0x80");
        return;
    }
    BOOST_TEST(r.report.counts.count({architecture(0x40000003), 64}) == 5U);
    BOOST_TEST(r.count(getppid_call) == 2U);
}

BOOST_AUTO_TEST_CASE(descendants_and_threads_are_counted)
{
    if (!can_record()) {
        return;
    }
    kernel_recording r;
    r.run({generator_path(), "--threads", "3", "--processes", "4", "110:20"});
    BOOST_TEST(r.count(getppid_call) == 3U * 4U * 20U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(process_ids_that_are_prefixes_of_one_another_are_told_apart)
{
    if (!can_record()) {
        return;
    }
    // The target's id is a part of the others'.
    generator_process target({"110:11"}, 3071);
    generator_process longer({"110:100"}, 30711);
    generator_process other({"110:100"}, 13071);
    if (target.pid() < 0 || longer.pid() < 0 || other.pid() < 0) {
        sctrace::test::skip("the wanted process ids are not free");
        return;
    }
    kernel_recording r;
    r.options.pids = {3071};
    r.start();
    longer.release();
    target.release();
    other.release();
    BOOST_TEST(target.wait() == 0);
    r.stop();
    BOOST_TEST(r.count(getppid_call) == 11U);
    BOOST_TEST(r.count(0) == 0U);
}

BOOST_AUTO_TEST_CASE(a_stale_record_of_the_same_process_id_is_not_counted)
{
    if (!can_record()) {
        return;
    }
    kept_setting lifted(sysctl_path, "0");
    constexpr pid_t pid = 29999;
    {
        generator_process earlier({"110:5"}, pid);
        if (earlier.pid() < 0) {
            sctrace::test::skip("the wanted process id is not free");
            return;
        }
    }
    generator_process again({"110:3"}, pid);
    BOOST_REQUIRE(again.pid() == pid);
    kernel_recording r;
    r.options.lift_ratelimit = false;
    r.options.pids = {pid};
    r.start();
    again.release();
    BOOST_TEST(again.wait() == 0);
    r.stop();
    BOOST_TEST(r.count(getppid_call) == 3U);
}

BOOST_AUTO_TEST_CASE(a_comm_in_hexadecimal_and_a_backslash_change_nothing)
{
    if (!can_record()) {
        return;
    }
    for (const std::string comm : {"sp ace\"q", "back\\slash", "pid=42", "x syscall=1"}) {
        kernel_recording r;
        r.run({generator_path(), "--comm", comm, "110:9"});
        BOOST_TEST(r.count(getppid_call) == 9U);
        BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
    }
}

BOOST_AUTO_TEST_CASE(a_forged_line_is_never_counted)
{
    if (!can_record()) {
        return;
    }
    generator_process generator({"110:2"});
    kernel_recording r;
    r.options.pids = {generator.pid()};
    r.start();
    const std::string forged = "audit: type=1326 audit(1795498483.207:1): auid=0 uid=0 gid=0 ses=1 pid=" +
                               std::to_string(generator.pid()) +
                               " comm=\"x\" exe=\"/x\" sig=0 arch=c000003e syscall=110 compat=0 ip=0x1 "
                               "code=0x7ffc0000";
    std::ofstream("/dev/kmsg") << forged << std::endl;
    std::ofstream("/dev/kmsg") << "<5>" << forged << std::endl;
    generator.release();
    BOOST_TEST(generator.wait() == 0);
    r.stop();
    BOOST_TEST(r.count(getppid_call) == 2U);
}

BOOST_AUTO_TEST_CASE(the_records_of_a_process_that_has_just_ended_are_in_the_trace)
{
    if (!can_record()) {
        return;
    }
    for (int i = 0; i < 20; ++i) {
        generator_process generator({"110:40"});
        kernel_recording r;
        r.options.pids = {generator.pid()};
        r.start();
        generator.release();
        BOOST_TEST(generator.wait() == 0);
        r.stop();
        BOOST_TEST(r.count(getppid_call) == 40U, r.why());
        BOOST_TEST(r.count(231) == 1U);
    }
}

BOOST_AUTO_TEST_CASE(an_overrun_ring_buffer_is_a_loss_that_is_bounded)
{
    if (!can_record()) {
        return;
    }
    constexpr std::uint64_t calls = 20000;
    generator_process flood({"110:" + std::to_string(calls)});
    kernel_recording r;
    r.options.pids = {flood.pid()};
    r.start();
    // The recorder does not get to read while the flood goes on.
    flood.release();
    BOOST_TEST(flood.wait() == 0);
    r.stop();
    const std::uint64_t missing = calls - r.count(getppid_call);
    BOOST_TEST(missing > 0U);
    BOOST_TEST(r.report.loss.kmsg_overwritten > 0U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= missing);
    BOOST_TEST(r.why_mentions("overwrote"));
}

BOOST_AUTO_TEST_CASE(a_rate_limited_recording_is_never_complete_and_says_what_it_lost)
{
    if (!can_record()) {
        return;
    }
    kept_setting limited(sysctl_path, "5");
    kernel_recording r;
    r.options.lift_ratelimit = false;
    r.run({generator_path(), "110:300"});
    const std::uint64_t missing = 300 - r.count(getppid_call);
    BOOST_TEST(missing > 250U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= missing);
    BOOST_TEST(r.report.loss.printk_suppressed >= missing);
    BOOST_TEST(r.why_mentions("rate limit"));
    BOOST_TEST(r.noticed("printk_ratelimit"));
}

BOOST_AUTO_TEST_CASE(records_that_the_kernel_cuts_are_told)
{
    if (!can_record()) {
        return;
    }
    // The path is so long that its record does not fit into one message of the log.
    sctrace::test::temporary_folder folder;
    const std::string program = sctrace::test::generator_with_long_path(folder);
    kernel_recording r;
    r.run({program, "110:5"});
    BOOST_TEST(r.report.loss.truncated_records >= 5U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= 5U);
    BOOST_TEST(r.why_mentions("cut by the kernel"));
}

BOOST_AUTO_TEST_CASE(a_target_with_a_stricter_filter_of_its_own_is_unproven)
{
    if (!can_record()) {
        return;
    }
    kernel_recording r;
    r.run({generator_path(), "--filter", "110:5"});
    BOOST_TEST((r.report.judged.what == verdict::unproven));
    BOOST_TEST(r.why_mentions("filter of its own"));
}

BOOST_AUTO_TEST_CASE(a_filter_that_the_command_inherits_is_unproven)
{
    if (!can_record()) {
        return;
    }
    const std::string said = sctrace::test::in_child([] {
        sctrace::test::fail_call(24, 1);
        kernel_recording r;
        r.run({generator_path(), "110:5", "24:50"});
        return std::string(to_string(r.report.judged.what)) + ": " + r.why();
    });
    BOOST_TEST(said.find("unproven") == 0U, said);
    BOOST_TEST(said.find("2 seccomp filters") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(processes_without_exactly_one_filter_are_unproven)
{
    if (!can_record()) {
        return;
    }
    for (const pid_t pid : {::getpid(), pid_t{2147483646}}) {
        kernel_recording r;
        r.options.pids = {pid};
        r.start();
        r.stop();
        BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
        BOOST_TEST((r.why_mentions("no seccomp filter") || r.why_mentions("could not be looked at")),
                   r.why());
    }
}

BOOST_AUTO_TEST_CASE(a_recording_by_id_ends_with_the_last_process)
{
    if (!can_record()) {
        return;
    }
    generator_process first({"110:3"});
    generator_process second({"110:4"});
    kernel_recording r;
    r.options.pids = {first.pid(), second.pid()};
    r.start();
    first.release();
    second.release();
    r.finish();
    BOOST_TEST(r.count(getppid_call) == 7U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(without_log_in_actions_logged_nothing_is_claimed)
{
    if (!can_record()) {
        return;
    }
    const std::string path = "/proc/sys/kernel/seccomp/actions_logged";
    kept_setting without(path, "kill_process kill_thread trap errno user_notif trace");
    kernel_recording r;
    r.run({generator_path(), "110:5"});
    BOOST_TEST(r.report.counts.empty());
    BOOST_TEST((r.report.judged.what == verdict::unproven));
    BOOST_TEST(r.why_mentions("actions_logged"));
    BOOST_TEST(r.noticed("sysctl -w kernel.seccomp.actions_logged=\"kill_process kill_thread trap errno "
                         "user_notif trace log\""));
}

BOOST_AUTO_TEST_CASE(two_recorders_at_once_are_both_exact)
{
    if (!can_record()) {
        return;
    }
    generator_process first({"110:60"});
    generator_process second({"110:70"});
    kernel_recording a;
    kernel_recording b;
    a.options.pids = {first.pid()};
    b.options.pids = {second.pid()};
    a.start();
    b.start();
    first.release();
    second.release();
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(second.wait() == 0);
    a.stop();
    BOOST_TEST(read_sysctl() == "0");
    b.stop();
    BOOST_TEST(a.count(getppid_call) == 60U);
    BOOST_TEST(b.count(getppid_call) == 70U);
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_ends_a_command)
{
    if (!can_record()) {
        return;
    }
    kernel_recording r;
    r.options.command.emplace().command = {"sleep", "100"};
    r.start();
    std::jthread other([&] { r.recorder->request_stop(); });
    r.finish();
    BOOST_TEST(r.report.child->signaled);
    BOOST_TEST(r.report.child->code == SIGTERM);
}

BOOST_AUTO_TEST_CASE(cancellation_after_any_step_ends_everything)
{
    if (!can_record()) {
        return;
    }
    for (int steps = 0; steps < 30; ++steps) {
        sctrace::test::checked_context context;
        sctrace::recorder_options options;
        options.command.emplace().command = {"sleep", "100"};
        sctrace::recorder recorder(context.get(), options);
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        recorder.async_run(asio::bind_cancellation_slot(
            signal.slot(), [&](error_code ec, const sctrace::report&) { result = ec; }));
        for (int i = 0; i < steps && !result; ++i) {
            context.get().restart();
            context.get().run_one_for(std::chrono::milliseconds(20));
        }
        signal.emit(asio::cancellation_type::terminal);
        context.run();
        BOOST_REQUIRE(result.has_value());
        BOOST_TEST((*result == asio::error::operation_aborted));
        BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
    }
}

BOOST_AUTO_TEST_CASE(a_context_destroyed_at_any_step_leaves_no_child_and_no_setting)
{
    if (!can_record()) {
        return;
    }
    const std::string before = read_sysctl();
    for (int steps = 0; steps < 30; ++steps) {
        {
            asio::io_context context;
            sctrace::recorder_options options;
            options.command.emplace().command = {"sleep", "100"};
            options.lift_ratelimit = true;
            sctrace::recorder recorder(context, options);
            recorder.async_run([](error_code, const sctrace::report&) {});
            for (int i = 0; i < steps; ++i) {
                context.run_one_for(std::chrono::milliseconds(20));
            }
        }
        BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
        BOOST_TEST(read_sysctl() == before);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(audit_daemons)

BOOST_AUTO_TEST_CASE(a_daemon_that_takes_the_records_is_named_and_nothing_is_claimed)
{
    if (!can_record()) {
        return;
    }
    const sctrace::test::audit_daemon daemon;
    if (!daemon.registered()) {
        sctrace::test::skip("this process may not become the audit daemon");
        return;
    }
    kernel_recording r;
    r.options.bracket_timeout = std::chrono::milliseconds(300);
    r.run({generator_path(), "110:5"});
    BOOST_TEST(r.noticed("audit daemon (pid " + std::to_string(daemon.pid()) + ")"));
    BOOST_TEST((r.report.judged.what == verdict::unproven));
    BOOST_TEST(r.why_mentions("not bracketed"));
}

BOOST_AUTO_TEST_SUITE_END()
