#include "kmsg_capture.hpp"
#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

using namespace sctrace::test;

namespace {

/// A live recording, and what /dev/kmsg said while it ran.
struct recorded {
    std::string trace;
    std::string capture;
    std::string session;
    /// As options of replay.
    words pids;
};

words pid_options(const std::string& announcement)
{
    words options;
    std::istringstream pids(announcement);
    for (std::string pid; pids >> pid;) {
        options = joined(options, {"--pid", pid});
    }
    return options;
}

recorded record_and_capture(const words& specs)
{
    const temporary_folder folder;
    kmsg_capture capture;
    const outcome o =
        run(record({"-o", folder.file("trace"), "--report", folder.file("report")}, generator(specs)));
    BOOST_REQUIRE_MESSAGE(o.status == 0, o);
    recorded all;
    all.capture = capture.stop();
    BOOST_TEST(!capture.has_lost());
    all.trace = read_file(folder.file("trace"));
    const auto report = boost::json::parse(read_file(folder.file("report")));
    BOOST_TEST(report.at("verdict") == "complete", report);
    all.session = boost::json::serialize(report.at("session"));
    all.pids = pid_options(o.out);
    return all;
}

void require_same_trace(const recorded& live, const words& selection)
{
    const temporary_folder folder;
    write_file(folder.file("capture"), live.capture);
    for (const words& format : {words{}, words{"--format", "kmsg"}}) {
        const outcome o = run(
            replay(joined(joined(selection, format), {"-o", folder.file("trace"), folder.file("capture")})));
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.says("unproven: "), o);
        BOOST_TEST(read_file(folder.file("trace")) == live.trace);
    }
}

/// The first locale that is installed beside those without a language; else that of C with UTF-8.
std::string other_locale()
{
    std::istringstream names(run({.words = {"locale", "-a"}}).out);
    std::string found = "C.UTF-8";
    for (std::string name; names >> name;) {
        if (!name.starts_with("C") && name != "POSIX" && !name.starts_with("en")) {
            found = name;
        }
    }
    return found;
}

/// Each way in which dmesg shows the log.
const std::vector<words> dmesg_options{
    {},
    {"-x"},
    {"-T"},
    {"-x", "-T"},
    {"-H", "-P"},
    {"-e", "-P"},
    {"-t"},
    {"-x", "-t"},
    {"-d"},
    {"-x", "-d"},
    {"-d", "-T"},
    {"-r"},
    {"--raw"},
    {"-J"},
    {"--time-format", "iso"},
    {"-x", "--time-format", "iso"},
    {"--time-format", "delta"},
    {"--time-format", "reltime"},
    {"--time-format", "ctime"},
    {"--time-format", "notime"},
    {"--time-format", "raw"},
    {"--syslog"},
    {"--kernel"},
    {"--facility", "kern"},
    {"--level", "notice"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_live)

BOOST_AUTO_TEST_CASE(a_capture_replayed_gives_the_trace_of_the_live_recording)
{
    if (!can_record()) {
        return;
    }
    const recorded live =
        record_and_capture({getppid_calls(150), "102:7", "0x4000006e:3", "-1:2", "123456:4"});
    BOOST_TEST(counts_in(live.trace).at("getppid") >= 150U);
    require_same_trace(live, {"--session", live.session});
    require_same_trace(live, live.pids);
}

BOOST_AUTO_TEST_CASE(a_capture_of_several_processes_replayed_gives_the_trace_of_the_live_recording)
{
    if (!can_record()) {
        return;
    }
    const recorded live = record_and_capture({"--processes", "3", "--threads", "2", getppid_calls(30)});
    BOOST_TEST(live.pids.size() == 6U);
    BOOST_TEST(counts_in(live.trace).at("getppid") == 180U);
    require_same_trace(live, {"--session", live.session});
    require_same_trace(live, live.pids);
}

BOOST_AUTO_TEST_CASE(every_way_in_which_dmesg_shows_the_log_gives_the_same_counts)
{
    if (!can_record()) {
        return;
    }
    const changed_setting lifted(ratelimit_setting, "0");
    const outcome made = run({.words = generator({"--filter", "--comm", "back\\slash", getppid_calls(120),
                                                  "102:9", "-1:1", "0x4000006e:2"})});
    BOOST_REQUIRE(made.status == 0);
    const words pid = pid_options(made.out);
    // Its write of the announcement and its end are logged too.
    const std::string expected = trace_of(run({.words = {"dmesg", "-r"}}).out, pid);
    auto counts = counts_in(expected);
    BOOST_TEST(counts["getppid"] == 122U);
    BOOST_TEST(counts["getuid"] == 9U);
    BOOST_TEST(counts["exit_group"] == 1U);
    std::size_t shown = 0;
    for (const std::string& locale : {std::string("C"), other_locale()}) {
        for (const words& options : dmesg_options) {
            invocation i{.words = joined({"dmesg"}, options)};
            i.environment = {"LC_ALL=" + locale};
            const outcome o = run(i);
            if (o.status == 0) {
                ++shown;
                BOOST_TEST_CONTEXT("dmesg " << boost::json::serialize(boost::json::value_from(options)))
                {
                    BOOST_TEST(trace_of(o.out, pid) == expected);
                }
            }
        }
    }
    // A version that lacks a few of them is no reason to test none.
    BOOST_TEST(shown >= 30U);
}

BOOST_AUTO_TEST_CASE(what_ausearch_finds_gives_the_events_of_the_log_it_looks_through)
{
    const temporary_folder folder;
    std::string log;
    for (std::uint64_t serial = 1; serial <= 300; ++serial) {
        const logged_record r{.serial = serial,
                              .pid = std::to_string(100 + serial % 5),
                              .comm = serial % 3 == 0 ? "737020616365" : "\"nginx\"",
                              .syscall = std::to_string(serial % 40)};
        log += (serial % 2 == 0 ? enriched_line(r) : audit_line(r)) + '\n';
        log += "type=USER_ACCT msg=audit(1795497556.007:" + std::to_string(1000 + serial) +
               "): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:accounting acct=\"root\" "
               "exe=\"/usr/sbin/cron\" hostname=? addr=? terminal=cron res=success'\n";
    }
    write_file(folder.file("audit.log"), log);
    const outcome found =
        run({.words = {"ausearch", "--input", folder.file("audit.log"), "--raw", "-m", "SECCOMP"}});
    if (found.status == could_not_start) {
        skip("ausearch is not installed");
        return;
    }
    BOOST_REQUIRE_MESSAGE(found.status == 0, found);
    BOOST_TEST(run(replay({"--events", "-"}, found.out)).out == run(replay({"--events", "-"}, log)).out);
    BOOST_TEST(trace_of(found.out) == trace_of(log));
    BOOST_TEST(total(counts_of(log)) == 300U);
}

BOOST_AUTO_TEST_SUITE_END()
