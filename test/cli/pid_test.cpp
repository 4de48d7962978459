#include "kernel/generator_process.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

using namespace sctrace::test;

namespace {

/// A recording by process id that has begun: from the first flush on, everything is counted.
class pid_recording {
public:
    pid_recording(const std::vector<pid_t>& pids, const words& options = {})
        : recorder_(describe(pids, options))
    {
        BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(trace()); }));
    }

    outcome stop(int signal)
    {
        recorder_.signal(signal);
        return recorder_.wait();
    }

    std::map<std::string, std::uint64_t> counts() const { return counts_in(read_file(trace())); }

private:
    invocation describe(const std::vector<pid_t>& pids, const words& options) const
    {
        words all{"-o", trace(), "--flush-interval", "0.01"};
        for (const pid_t pid : pids) {
            all = joined(all, {"--pid", std::to_string(pid)});
        }
        return record(joined(all, options));
    }

    std::string trace() const { return folder_.file("trace"); }

    temporary_folder folder_;
    process recorder_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli_pid)

BOOST_AUTO_TEST_CASE(each_signal_that_stops_a_recording_writes_everything_that_was_seen)
{
    if (!can_record()) {
        return;
    }
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        generator_process target({getppid_calls(45)});
        pid_recording recording({target.pid()});
        target.release();
        BOOST_TEST(target.wait() == 0);
        const outcome o = recording.stop(signal);
        BOOST_TEST(o.status == 0, o);
        const auto counts = recording.counts();
        BOOST_TEST(counts.at("getppid") == 45U, o);
        BOOST_TEST(counts.at("exit_group") == 1U, o);
    }
}

BOOST_AUTO_TEST_CASE(several_processes_are_recorded_and_no_other)
{
    if (!can_record()) {
        return;
    }
    generator_process first({getppid_calls(30)});
    generator_process second({getppid_calls(12)});
    generator_process other({getppid_calls(70)});
    pid_recording recording({first.pid(), second.pid()});
    for (generator_process* g : {&first, &other, &second}) {
        g->release();
        BOOST_TEST(g->wait() == 0);
    }
    const outcome o = recording.stop(SIGTERM);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(recording.counts().at("getppid") == 42U, o);
}

BOOST_AUTO_TEST_CASE(a_process_that_does_not_exist_is_told_and_waited_for)
{
    const silent_source source;
    // Process ids end at 2^22 (PID_MAX_LIMIT).
    const outcome o = run(source.record({"--pid", "99999999", "--duration", "0.2"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("process 99999999 does not exist"), o);
    BOOST_TEST(o.says("\nunproven: "), o);
}

BOOST_AUTO_TEST_CASE(a_process_without_a_filter_is_told_and_waited_for)
{
    const silent_source source;
    const process target({words{"/bin/sleep", "100"}});
    const std::string pid = std::to_string(target.pid());
    const outcome o = run(source.record({"--pid", pid, "--duration", "0.2"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("process " + pid + " has no seccomp filter"), o);
}

BOOST_AUTO_TEST_CASE(a_process_without_a_filter_is_never_said_to_be_complete)
{
    if (!can_record()) {
        return;
    }
    const process target({words{"/bin/sleep", "100"}});
    const outcome o =
        run(record({"--pid", std::to_string(target.pid()), "--duration", "0.2", "--require-complete"}));
    BOOST_TEST(o.status == 3, o);
    BOOST_TEST(!o.says("\ncomplete: "), o);
}

BOOST_AUTO_TEST_CASE(a_recording_that_proves_nothing_is_3_with_require_complete)
{
    const silent_source source;
    const outcome o =
        run(source.record({"--pid", std::to_string(::getpid()), "--duration", "0.1", "--require-complete"}));
    BOOST_TEST(o.status == 3, o);
}

BOOST_AUTO_TEST_CASE(the_report_names_the_processes_and_no_command)
{
    const silent_source source;
    const outcome o =
        run(source.record({"--pid", "99999999", "--pid", "99999998", "--duration", "0.1", "--report", "-"}));
    BOOST_TEST(o.status == 0, o);
    const auto report = boost::json::parse(o.out);
    BOOST_TEST(report.at("pids").as_array().size() == 2U, o.out);
    BOOST_TEST(report.at("command").as_array().empty(), o.out);
    BOOST_TEST(report.at("session").is_null(), o.out);
}

BOOST_AUTO_TEST_SUITE_END()
