#include "async/context.hpp"
#include "common/paths.hpp"
#include "kernel/generator_process.hpp"
#include "kernel/kernel_recording.hpp"

#include <sctrace/hub.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace data = boost::unit_test::data;
using namespace std::chrono_literals;
using boost::system::error_code;
using sctrace::verdict;
using sctrace::test::can_record;
using sctrace::test::generator_path;
using sctrace::test::generator_process;
using sctrace::test::getppid_call;

/// One of the recordings on a hub.
class member {
public:
    member(sctrace::hub& shared, sctrace::recorder_options options)
        : options_(std::move(options))
    {
        options_.stop_check_interval = 20ms;
        options_.on_started = [this] { started = true; };
        recorder.emplace(shared, options_);
    }
    member(const member&) = delete;
    member& operator=(const member&) = delete;

    void run()
    {
        recorder->async_run([this](error_code e, sctrace::report r) {
            ec = e;
            report = std::move(r);
            ended = true;
        });
        if (options_.live_records != 0) {
            receive();
        }
    }

    std::uint64_t count(std::int64_t number) const
    {
        return report.counts.count(
            {sctrace::architecture::of_call(sctrace::architecture::native().audit_arch(), number), number});
    }

    /// What the ring buffer overwrites under the load of others may be missing, if that is told.
    void check_unless_overwritten(std::int64_t number, std::uint64_t calls) const
    {
        if (report.loss.kmsg_overwritten == 0) {
            check(number, calls);
            return;
        }
        BOOST_TEST((report.judged.what == verdict::incomplete));
        BOOST_TEST(count(number) <= calls);
        BOOST_TEST(calls - count(number) <= report.judged.missing_at_most.value());
    }

    void check(std::int64_t number, std::uint64_t calls) const
    {
        BOOST_TEST(!ec, report.failure_message);
        BOOST_TEST(count(number) == calls);
        std::string why;
        for (const std::string& w : report.judged.why) {
            why += w + "; ";
        }
        BOOST_TEST((report.judged.what == verdict::complete), why);
    }

    std::optional<sctrace::recorder> recorder;
    bool started = false;
    bool ended = false;
    error_code ec;
    sctrace::report report;
    std::map<std::int64_t, std::uint64_t> live;
    std::uint64_t dropped = 0;

private:
    void receive()
    {
        recorder->async_receive(batch_, [this](error_code e, std::size_t) {
            if (e) {
                return;
            }
            for (const auto& record : batch_.records()) {
                ++live[record.syscall];
            }
            dropped += batch_.dropped();
            receive();
        });
    }

    sctrace::recorder_options options_;
    sctrace::live_records batch_;
};

struct hub_bench {
    sctrace::test::checked_context context;
    std::optional<sctrace::hub> hub;
    std::vector<std::unique_ptr<member>> members;

    void open(sctrace::source_kind source)
    {
        sctrace::source_options o;
        o.source = source;
        o.lift_ratelimit = true;
        o.stop_check_interval = 20ms;
        hub.emplace(context.get(), o);
    }

    member& start(sctrace::recorder_options o)
    {
        members.push_back(std::make_unique<member>(*hub, std::move(o)));
        members.back()->run();
        return *members.back();
    }

    void wait_for_starts()
    {
        BOOST_REQUIRE(context.run_until([&] {
            return std::all_of(members.begin(), members.end(),
                               [](const auto& m) { return m->started || m->ended; });
        }));
    }

    void run_to_end() { context.run(); }
};

sctrace::recorder_options of_process(pid_t pid, sctrace::follow_kind follow = sctrace::follow_kind::none)
{
    sctrace::recorder_options o;
    o.pids = {pid};
    o.follow = follow;
    return o;
}

sctrace::recorder_options of_command(std::vector<std::string> words)
{
    sctrace::recorder_options o;
    o.command.emplace().command = std::move(words);
    return o;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(kernel_hub, hub_bench)

BOOST_DATA_TEST_CASE(processes_and_commands_side_by_side_are_counted_exactly, data::make({true, false}),
                     from_audit)
{
    if (!can_record()) {
        context.run();
        return;
    }
    open(from_audit ? sctrace::source_kind::audit : sctrace::source_kind::kmsg);
    std::vector<std::unique_ptr<generator_process>> generators;
    for (int i = 1; i <= 4; ++i) {
        generators.push_back(
            std::make_unique<generator_process>(std::vector<std::string>{"110:" + std::to_string(10 * i)}));
        start(of_process(generators.back()->pid()));
    }
    wait_for_starts();
    for (auto& g : generators) {
        g->release();
    }
    for (int i = 1; i <= 4; ++i) {
        start(of_command({generator_path(), "110:" + std::to_string(7 * i)}));
    }
    run_to_end();
    for (std::size_t i = 1; i <= 4; ++i) {
        members[i - 1]->check_unless_overwritten(getppid_call, 10 * i);
        members[i + 3]->check_unless_overwritten(getppid_call, 7 * i);
    }
    BOOST_TEST(hub->recorders() == 0U);
}

BOOST_AUTO_TEST_CASE(trees_of_siblings_are_told_apart)
{
    if (!can_record()) {
        context.run();
        return;
    }
    open(sctrace::source_kind::audit);
    constexpr std::size_t trees = 3;
    std::vector<std::unique_ptr<generator_process>> generators;
    for (std::size_t i = 0; i < trees; ++i) {
        generators.push_back(std::make_unique<generator_process>(
            std::vector<std::string>{"--spawn", "clone:" + std::to_string(2 + i), "110:10"}));
        start(of_process(generators.back()->pid(), sctrace::follow_kind::tree));
    }
    wait_for_starts();
    // Children of the process that made the generators: siblings, as far as fork events tell.
    for (std::size_t i = 0; i < trees; ++i) {
        auto o = of_command({generator_path(), "--spawn", "vfork:3", "110:5"});
        o.follow = sctrace::follow_kind::tree;
        start(std::move(o));
    }
    BOOST_REQUIRE(context.run_until([&] { return members[trees]->started && members[trees + 1]->started; }));
    for (auto& g : generators) {
        g->release();
    }
    run_to_end();
    for (std::size_t i = 0; i < trees; ++i) {
        members[i]->check(getppid_call, 10 * (3 + i));
        members[trees + i]->check(getppid_call, 5 * 4);
    }
}

BOOST_AUTO_TEST_CASE(recorders_that_come_and_go_see_their_own_records_only)
{
    if (!can_record()) {
        context.run();
        return;
    }
    open(sctrace::source_kind::audit);
    std::mt19937 random(11);
    std::vector<std::uint64_t> calls;
    // One that is there from the first to the last.
    generator_process generator({"110:12345"});
    start(of_process(generator.pid()));
    wait_for_starts();
    for (int i = 0; i < 20; ++i) {
        calls.push_back(random() % 2000);
        start(of_command({generator_path(), "110:" + std::to_string(calls.back() + 1)}));
        for (auto steps = random() % 60; steps != 0; --steps) {
            context.get().poll_one();
        }
        if (i == 10) {
            generator.release();
        }
    }
    run_to_end();
    members[0]->check(getppid_call, 12345);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        members[i + 1]->check(getppid_call, calls[i] + 1);
    }
}

BOOST_AUTO_TEST_CASE(the_live_feed_has_each_record_that_is_counted)
{
    if (!can_record()) {
        context.run();
        return;
    }
    open(sctrace::source_kind::audit);
    auto o = of_command({generator_path(), "--threads", "3", "110:2000", "102:500", "-1:3"});
    o.live_records = 1000;
    start(std::move(o));
    run_to_end();
    const member& m = *members.front();
    m.check(getppid_call, 6000);
    std::uint64_t received = m.dropped;
    for (const auto& [number, count] : m.live) {
        received += count;
        BOOST_TEST(count <= m.count(number));
    }
    BOOST_TEST(received == m.report.counts.total());
}

BOOST_AUTO_TEST_CASE(a_stop_of_one_leaves_the_others_complete)
{
    if (!can_record()) {
        context.run();
        return;
    }
    open(sctrace::source_kind::audit);
    generator_process first({"110:10"});
    generator_process second({"110:20"});
    member& a = start(of_process(first.pid()));
    member& b = start(of_process(second.pid()));
    wait_for_starts();
    a.recorder->request_stop();
    BOOST_REQUIRE(context.run_until([&] { return a.ended; }));
    a.check(getppid_call, 0);
    first.release();
    second.release();
    run_to_end();
    b.check(getppid_call, 20);
}

BOOST_AUTO_TEST_SUITE_END()
