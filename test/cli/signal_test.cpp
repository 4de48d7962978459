#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

/// A command that says `ready` and then waits for what the traps before it end it with.
words waiting(const std::string& traps)
{
    return shell(traps + "; echo ready; while :; do sleep 0.05; done");
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_signals)

BOOST_AUTO_TEST_CASE(sigterm_and_sighup_are_the_command_s_and_the_trace_is_written)
{
    if (!can_record()) {
        return;
    }
    for (const auto& [signal, status] : std::vector<std::pair<int, int>>{{SIGTERM, 7}, {SIGHUP, 8}}) {
        const temporary_folder folder;
        process recorder(
            record({"-o", folder.file("trace")}, waiting("trap 'exit 7' TERM; trap 'exit 8' HUP")));
        BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
        recorder.signal(signal);
        const outcome o = recorder.wait();
        BOOST_TEST(o.status == status, o);
        BOOST_TEST(counts_in(read_file(folder.file("trace"))).at("execve") >= 1U);
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_dies_of_a_forwarded_signal_is_told_so)
{
    const silent_source source;
    const temporary_folder folder;
    process recorder(source.record({"-o", folder.file("trace")}, waiting(":")));
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    recorder.signal(SIGTERM);
    const outcome o = recorder.wait();
    BOOST_TEST(o.status == 143, o);
    BOOST_TEST(std::filesystem::exists(folder.file("trace")));
}

BOOST_AUTO_TEST_CASE(a_command_that_goes_on_after_a_signal_is_recorded_on)
{
    const silent_source source;
    process recorder(source.record({}, waiting("trap 'echo once' HUP; trap 'exit 9' TERM")));
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    recorder.signal(SIGHUP);
    BOOST_REQUIRE(recorder.wait_for_output("once\n"));
    recorder.signal(SIGTERM);
    const outcome o = recorder.wait();
    BOOST_TEST(o.status == 9, o);
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_the_terminal_is_the_command_s)
{
    const silent_source source;
    for (const auto& [signal, status] : std::vector<std::pair<int, int>>{{SIGINT, 5}, {SIGQUIT, 6}}) {
        const temporary_folder folder;
        process recorder(
            source.record({"-o", folder.file("trace")}, waiting("trap 'exit 5' INT; trap 'exit 6' QUIT")));
        BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
        recorder.signal_group(signal);
        const outcome o = recorder.wait();
        BOOST_TEST(o.status == status, o);
        BOOST_TEST(o.says("unproven: "), o);
        BOOST_TEST(std::filesystem::exists(folder.file("trace")));
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_survives_an_interrupt_is_recorded_on)
{
    const silent_source source;
    process recorder(source.record({}, waiting("trap 'echo once' INT; trap 'exit 9' TERM")));
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    recorder.signal_group(SIGINT);
    BOOST_REQUIRE(recorder.wait_for_output("once\n"));
    recorder.signal(SIGTERM);
    const outcome o = recorder.wait();
    BOOST_TEST(o.status == 9, o);
}

BOOST_AUTO_TEST_CASE(without_a_command_each_signal_ends_the_recording)
{
    const silent_source source;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const temporary_folder folder;
        process recorder(source.record({"--pid", "99999999", "--flush-interval", "0.01", "-o",
                                        folder.file("trace"), "--report", folder.file("report")}));
        BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(folder.file("trace")); }));
        recorder.signal(signal);
        const outcome o = recorder.wait();
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(std::filesystem::exists(folder.file("report")));
    }
}

BOOST_AUTO_TEST_CASE(an_ignored_sighup_stays_ignored)
{
    const silent_source source;
    invocation i =
        source.record({}, waiting("trap 'exit 8' HUP; trap 'exit 7' TERM; grep SigIgn /proc/self/status"));
    i.prepare = [] { ::signal(SIGHUP, SIG_IGN); };
    process recorder(i);
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    recorder.signal_group(SIGHUP);
    recorder.signal(SIGTERM);
    const outcome o = recorder.wait();
    BOOST_TEST(o.status == 7, o);
    BOOST_TEST(o.out.find("SigIgn:\t0000000000000001\n") != std::string::npos, o);
}

BOOST_AUTO_TEST_CASE(a_caller_that_ignores_sigchld_gets_the_status_all_the_same)
{
    const silent_source source;
    invocation i = source.record({}, shell("exit 11"));
    i.prepare = [] { ::signal(SIGCHLD, SIG_IGN); };
    const outcome o = run(i);
    BOOST_TEST(o.status == 11, o);
}

BOOST_AUTO_TEST_SUITE_END()
