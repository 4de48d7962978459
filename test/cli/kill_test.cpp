#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <string>

using namespace sctrace::test;

BOOST_AUTO_TEST_SUITE(cli_killed)

BOOST_AUTO_TEST_CASE(the_command_of_a_killed_recorder_gets_sigterm)
{
    const silent_source source;
    const temporary_folder folder;
    process recorder(source.record({"-o", folder.file("trace")},
                                   shell("trap 'echo > " + folder.file("terminated") +
                                         "; exit' TERM; echo ready; while :; do sleep 0.05; done")));
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    recorder.signal(SIGKILL);
    BOOST_TEST(recorder.wait().status == 137);
    BOOST_TEST(eventually([&] { return std::filesystem::exists(folder.file("terminated")); }));
    BOOST_TEST(counts_in(read_file(folder.file("trace"))).empty());
}

BOOST_AUTO_TEST_CASE(the_rate_limit_is_back_after_a_recorder_was_killed)
{
    if (!can_record()) {
        return;
    }
    const std::string before = read_setting(ratelimit_setting);
    if (before == "0") {
        skip("kernel.printk_ratelimit is 0 already");
        return;
    }
    process recorder(record({}, shell("echo ready; exec sleep 100")));
    BOOST_REQUIRE(recorder.wait_for_output("ready\n"));
    BOOST_TEST(read_setting(ratelimit_setting) == "0");
    recorder.signal(SIGKILL);
    BOOST_TEST(recorder.wait().status == 137);
    BOOST_TEST(eventually([&] { return read_setting(ratelimit_setting) == before; }));
}

BOOST_AUTO_TEST_CASE(a_killed_recorder_leaves_a_whole_trace_whenever_it_happens)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const std::string trace = folder.file("trace");
    bool changed = false;
    for (int moment = 0; moment != 20; ++moment) {
        const std::string old = read_file(trace);
        process recorder(
            record({"--flush-interval", "0.001", "-o", trace}, generator({getppid_calls(100'000'000)})));
        BOOST_REQUIRE(recorder.wait_for_output("\n"));
        eventually([&] { return read_file(trace) != old; }, std::chrono::milliseconds(20 + moment));
        recorder.signal(SIGKILL);
        BOOST_TEST(recorder.wait().status == 137);
        const std::string left = read_file(trace);
        counts_in(left);
        changed = changed || left != old;
    }
    BOOST_TEST(changed);
}

BOOST_AUTO_TEST_SUITE_END()
