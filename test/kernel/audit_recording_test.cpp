#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "kernel/exact_recording.hpp"
#include "kernel/generator_process.hpp"
#include "kernel/in_child.hpp"

#include <sctrace/recorder.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <sstream>
#include <string>

#include <sched.h>

namespace {

using sctrace::source_kind;
using sctrace::verdict;
using sctrace::test::can_record;
using sctrace::test::exact_recording;
using sctrace::test::generator_path;
using sctrace::test::generator_process;
using sctrace::test::getppid_call;

/// Records a command in a process of its own and tells source and counts in words.
std::string record_in_child(std::uint64_t calls)
{
    boost::asio::io_context context;
    sctrace::recorder_options options;
    options.command.emplace().command = {generator_path(), "110:" + std::to_string(calls)};
    options.bracket_timeout = std::chrono::milliseconds(300);
    options.probe_timeout = std::chrono::milliseconds(300);
    std::ostringstream out;
    options.on_notice = [&](std::string_view text) { out << text << '\n'; };
    sctrace::recorder recorder(context, options);
    recorder.async_run([&](boost::system::error_code ec, const sctrace::report& report) {
        out << "source=" << report.source << " error=" << ec.message() << ' ' << report.failure_message
            << '\n';
    });
    context.run();
    return out.str();
}

bool holds(const std::string& text, const std::string& words)
{
    return text.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_recordings)

BOOST_AUTO_TEST_CASE(a_hundred_thousand_calls_are_all_there_although_the_rate_limit_is_on)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.options.lift_ratelimit = false;
    r.run({generator_path(), "110:100000", "-1:3", "0x4000006e:2"});
    BOOST_TEST(r.count(getppid_call) == 100000U);
    BOOST_TEST(r.count(-1) == 3U);
    BOOST_TEST(r.count(0x4000006e) == 2U);
    BOOST_TEST(r.count(59) == 1U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
    BOOST_TEST(r.report.source == "audit");
    BOOST_TEST(r.notices.empty(), r.notices);
}

BOOST_AUTO_TEST_CASE(processes_and_threads_at_once_are_complete)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.run({generator_path(), "--threads", "2", "--processes", "4", "110:5000"});
    BOOST_TEST(r.count(getppid_call) == 2U * 4U * 5000U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_CASE(a_buffer_that_overruns_is_a_loss_that_is_bounded)
{
    if (!can_record()) {
        return;
    }
    constexpr std::uint64_t calls = 3000;
    generator_process flood({"110:" + std::to_string(calls)});
    exact_recording r;
    r.options.receive_buffer = 4096;
    r.options.pids = {flood.pid()};
    r.start();
    // The recorder does not get to read while the flood goes on.
    flood.release();
    BOOST_TEST(flood.wait() == 0);
    r.stop();
    const std::uint64_t missing = calls - r.count(getppid_call);
    BOOST_TEST(missing > 0U);
    BOOST_TEST(r.report.loss.netlink_overruns > 0U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= missing);
    BOOST_TEST(r.why_mentions("overran"));
}

BOOST_AUTO_TEST_CASE(another_logging_process_changes_no_count)
{
    if (!can_record()) {
        return;
    }
    generator_process other({"102:20000"});
    exact_recording r;
    other.release();
    r.run({generator_path(), "110:2000"});
    BOOST_TEST(r.count(getppid_call) == 2000U);
    BOOST_TEST(r.count(102) == 0U);
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(two_recorders_at_once_are_both_exact_and_complete)
{
    if (!can_record()) {
        return;
    }
    generator_process first({"110:600"});
    generator_process second({"110:700"});
    exact_recording a;
    exact_recording b;
    a.options.pids = {first.pid()};
    b.options.pids = {second.pid()};
    a.start();
    b.start();
    first.release();
    second.release();
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(second.wait() == 0);
    a.stop();
    b.stop();
    BOOST_TEST(a.count(getppid_call) == 600U);
    BOOST_TEST(b.count(getppid_call) == 700U);
    BOOST_TEST((a.report.judged.what == verdict::complete), a.why());
    BOOST_TEST((b.report.judged.what == verdict::complete), b.why());
}

BOOST_AUTO_TEST_CASE(automatic_takes_the_audit_socket_and_says_why)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.options.source = source_kind::automatic;
    r.run({generator_path(), "110:500"});
    BOOST_TEST(r.report.source == "audit");
    BOOST_TEST(r.count(getppid_call) == 500U);
    BOOST_TEST(holds(r.notices, "came back through it"), r.notices);
}

BOOST_AUTO_TEST_CASE(in_another_network_namespace_automatic_falls_back_and_says_why)
{
    if (!can_record()) {
        return;
    }
    const std::string said = sctrace::test::in_child([] {
        sctrace::test::require(::unshare(CLONE_NEWNET) == 0, "unshare");
        return record_in_child(5);
    });
    BOOST_TEST(holds(said, "source=kmsg error=Success"), said);
    BOOST_TEST(holds(said, "initial network namespace"), said);
}

BOOST_AUTO_TEST_CASE(without_the_capability_automatic_falls_back_and_names_it)
{
    if (!can_record()) {
        return;
    }
    const std::string said = sctrace::test::in_child([] {
        sctrace::test::become_nobody();
        return record_in_child(5);
    });
    BOOST_TEST((holds(said, "CAP_AUDIT_READ") || holds(said, "CAP_SYSLOG")), said);
}

BOOST_AUTO_TEST_CASE(records_that_kmsg_would_cut_are_whole)
{
    if (!can_record()) {
        return;
    }
    sctrace::test::temporary_folder folder;
    const std::string program = sctrace::test::generator_with_long_path(folder);
    exact_recording r;
    r.run({program, "110:5"});
    BOOST_TEST(r.count(getppid_call) == 5U);
    BOOST_TEST((r.report.judged.what == verdict::complete), r.why());
}

BOOST_AUTO_TEST_SUITE_END()
