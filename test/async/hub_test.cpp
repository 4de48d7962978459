#include "async/context.hpp"
#include "async/entry_pair.hpp"

#include <sctrace/event.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

/// A recording on a hub, from its start to its end.
class hub_recording {
public:
    hub_recording(sctrace::hub& shared, pid_t pid, std::size_t live = 0)
        : recorder(std::in_place, shared, options(pid, live))
    {
    }

    void run()
    {
        recorder->async_run([this](error_code e, sctrace::report r) {
            ec = e;
            report = std::move(r);
            ended = true;
        });
    }

    std::optional<sctrace::recorder> recorder;
    bool started = false;
    bool ended = false;
    error_code ec;
    sctrace::report report;

private:
    sctrace::recorder_options options(pid_t pid, std::size_t live)
    {
        sctrace::recorder_options o;
        o.pids = {pid};
        o.native = sctrace::architecture(0xc000003e);
        o.live_records = live;
        o.stop_check_interval = 1ms;
        o.on_started = [this] { started = true; };
        return o;
    }
};

/// A hub that reads from a pair of sockets.
struct with_hub {
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    std::stop_source stop;
    std::optional<sctrace::hub> hub;

    with_hub()
    {
        sctrace::source_options o;
        o.kmsg_descriptor = pair.take_reader();
        o.stop_check_interval = 1ms;
        o.stop = stop.get_token();
        hub.emplace(context.get(), o);
    }

    void start(hub_recording& r)
    {
        r.run();
        BOOST_REQUIRE(context.run_until([&] { return r.started || r.ended; }));
    }

    void finish(hub_recording& r)
    {
        BOOST_REQUIRE(context.run_until([&] { return r.ended; }));
    }

    /// Waits until the recording has counted so many calls.
    void wait_for(hub_recording& r, std::uint64_t calls)
    {
        std::uint64_t seen = 0;
        bool is_looking = false;
        const auto look = [&](error_code, const sctrace::trace& counts) {
            seen = counts.total();
            is_looking = false;
        };
        BOOST_REQUIRE(context.run_until([&] {
            if (!is_looking && seen < calls) {
                is_looking = true;
                r.recorder->async_snapshot(look);
            }
            return seen >= calls;
        }));
    }
};

/// The first of two recorders gives up while it opens the source for both.
void give_up_while_opening(asio::cancellation_type how)
{
    with_hub h;
    asio::cancellation_signal signal;
    hub_recording a(*h.hub, 42);
    hub_recording b(*h.hub, 43);
    auto ended = [&](error_code, const sctrace::report&) { a.ended = true; };
    a.recorder->async_run(asio::bind_cancellation_slot(signal.slot(), ended));
    b.run();
    signal.emit(how);
    BOOST_REQUIRE(h.context.run_until([&] { return a.ended && (b.started || b.ended); }));
    // Whoever opened it first: b either records or is told that the descriptor went with a.
    if (b.ended) {
        BOOST_TEST((b.ec == boost::system::errc::bad_file_descriptor));
    } else {
        h.pair.write_call(43, 0);
        h.pair.close_writer();
        h.finish(b);
        BOOST_TEST(b.report.counts.total() == 1U);
    }
    h.context.run();
}

struct received {
    sctrace::live_records batch;
    std::optional<error_code> ec;
    std::size_t count = 0;

    auto on_end()
    {
        return [this](error_code e, std::size_t n) {
            ec = e;
            count = n;
        };
    }
};

void cancel_a_receiver(asio::cancellation_type how)
{
    with_hub h;
    hub_recording a(*h.hub, 42, 10);
    h.start(a);
    asio::cancellation_signal signal;
    received r;
    a.recorder->async_receive(r.batch, asio::bind_cancellation_slot(signal.slot(), r.on_end()));
    h.context.get().poll();
    signal.emit(how);
    BOOST_REQUIRE(h.context.run_until([&] { return r.ec.has_value(); }));
    BOOST_TEST((*r.ec == asio::error::operation_aborted));
    h.pair.write_call(42, 3);
    h.pair.close_writer();
    h.context.run();
    a.recorder->async_receive(r.batch, r.on_end());
    h.context.run();
    BOOST_TEST(!r.ec.value());
    BOOST_TEST(r.count == 1U);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_hub, with_hub)

BOOST_AUTO_TEST_CASE(feeds_each_recorder_its_own_processes)
{
    hub_recording a(*hub, 42);
    hub_recording b(*hub, 43);
    BOOST_TEST(hub->recorders() == 0U);
    start(a);
    start(b);
    BOOST_TEST(hub->recorders() == 2U);
    for (int i = 0; i < 5; ++i) {
        pair.write_call(42, 0);
        pair.write_call(43, i);
        pair.write_call(44, 1);
    }
    pair.close_writer();
    context.run();
    BOOST_TEST(!a.ec);
    BOOST_TEST(a.report.counts.total() == 5U);
    BOOST_TEST(a.report.counts.size() == 1U);
    BOOST_TEST(b.report.counts.total() == 5U);
    BOOST_TEST(b.report.counts.size() == 5U);
    BOOST_TEST(hub->recorders() == 0U);
}

BOOST_AUTO_TEST_CASE(gives_a_process_s_records_to_each_of_several_recorders)
{
    hub_recording a(*hub, 42);
    hub_recording b(*hub, 42);
    start(a);
    start(b);
    pair.write_call(42, 0);
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.counts.total() == 1U);
    BOOST_TEST(b.report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(goes_on_for_the_others_when_one_ends_and_takes_in_more)
{
    hub_recording a(*hub, 42);
    hub_recording b(*hub, 43);
    start(a);
    start(b);
    pair.write_call(42, 0);
    pair.write_call(43, 0);
    wait_for(a, 1);
    a.recorder->request_stop();
    finish(a);
    hub_recording c(*hub, 42);
    start(c);
    pair.write_call(42, 1);
    pair.write_call(43, 1);
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.counts.total() == 1U);
    BOOST_TEST(b.report.counts.total() == 2U);
    BOOST_TEST(c.report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(tells_each_recorder_of_losses_in_its_time)
{
    hub_recording a(*hub, 42);
    start(a);
    BOOST_REQUIRE(pair.write(sctrace::test::entry(1, "before")));
    BOOST_REQUIRE(pair.write(sctrace::test::entry(5, "three are missing")));
    BOOST_REQUIRE(pair.write(sctrace::test::entry(6, sctrace::test::seccomp_text(6, 42, 0))));
    wait_for(a, 1);
    hub_recording b(*hub, 43);
    start(b);
    BOOST_REQUIRE(pair.write(sctrace::test::entry(8, "one is missing")));
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.loss.kmsg_overwritten == 4U);
    BOOST_TEST(b.report.loss.kmsg_overwritten == 1U);
}

BOOST_AUTO_TEST_CASE(ends_all_its_recorders_by_its_stop_token)
{
    hub_recording a(*hub, 42);
    hub_recording b(*hub, 43);
    start(a);
    start(b);
    stop.request_stop();
    context.run();
    BOOST_TEST(a.ended);
    BOOST_TEST(b.ended);
}

BOOST_AUTO_TEST_CASE(lives_on_in_its_recorders_when_the_handle_is_gone)
{
    hub_recording a(*hub, 42);
    start(a);
    auto moved = std::make_unique<sctrace::hub>(std::move(*hub));
    hub.reset();
    hub_recording b(*moved, 43);
    moved.reset();
    start(b);
    pair.write_call(42, 0);
    pair.write_call(43, 0);
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.counts.total() == 1U);
    BOOST_TEST(b.report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(says_that_its_descriptor_is_used_up)
{
    hub_recording a(*hub, 42);
    start(a);
    a.recorder->request_stop();
    finish(a);
    hub_recording b(*hub, 42);
    b.run();
    finish(b);
    BOOST_TEST((b.ec == boost::system::errc::bad_file_descriptor));
    BOOST_TEST(b.report.failure_message.find("was closed") != std::string::npos);
    context.run();
}

BOOST_AUTO_TEST_CASE(that_cannot_open_its_source_tells_each_recorder)
{
    sctrace::source_options o;
    o.kmsg = "/nonexistent/kmsg";
    sctrace::hub broken(context.get(), o);
    std::array<std::unique_ptr<hub_recording>, 3> all;
    for (auto& r : all) {
        r = std::make_unique<hub_recording>(broken, 42);
        r->run();
    }
    context.run();
    for (const auto& r : all) {
        BOOST_TEST(r->ended);
        BOOST_TEST((r->ec == boost::system::errc::no_such_file_or_directory));
    }
    BOOST_TEST(broken.recorders() == 0U);
}

BOOST_AUTO_TEST_CASE(tells_the_next_recorder_what_it_needs_when_the_first_one_gives_up)
{
    for (const auto how : {asio::cancellation_type::terminal, asio::cancellation_type::partial}) {
        give_up_while_opening(how);
    }
    context.run();
}

BOOST_AUTO_TEST_CASE(runs_out_of_work_when_its_recorders_are_destroyed)
{
    auto a = std::make_unique<hub_recording>(*hub, 42);
    hub_recording b(*hub, 43);
    start(*a);
    start(b);
    a->recorder.reset();
    finish(*a);
    b.recorder->cancel();
    context.run();
    BOOST_TEST((b.ec == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_live_feed, with_hub)

BOOST_AUTO_TEST_CASE(hands_out_each_record_of_the_target_in_order)
{
    hub_recording a(*hub, 42, 100);
    start(a);
    std::vector<std::int64_t> calls;
    received r;
    for (int i = 0; i < 4; ++i) {
        pair.write_call(42, i);
        pair.write_call(43, 77);
        r.ec.reset();
        a.recorder->async_receive(r.batch, r.on_end());
        BOOST_REQUIRE(context.run_until([&] { return r.ec.has_value(); }));
        BOOST_TEST(!*r.ec);
        BOOST_TEST(r.count == r.batch.records().size());
        for (const auto& record : r.batch.records()) {
            calls.push_back(record.syscall);
            BOOST_TEST(*record.pid == 42);
            BOOST_TEST(sctrace::decoded(record.exe) == "/bin/x");
        }
    }
    BOOST_TEST(calls == (std::vector<std::int64_t>{0, 1, 2, 3}), boost::test_tools::per_element());
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.counts.total() == 4U);
}

BOOST_AUTO_TEST_CASE(counts_what_its_queue_has_no_room_for)
{
    hub_recording a(*hub, 42, 3);
    start(a);
    for (int i = 0; i < 10; ++i) {
        pair.write_call(42, i);
    }
    wait_for(a, 10);
    received r;
    a.recorder->async_receive(r.batch, r.on_end());
    BOOST_REQUIRE(context.run_until([&] { return r.ec.has_value(); }));
    BOOST_TEST(r.count == 3U);
    BOOST_TEST(r.batch.records()[2].syscall == 2);
    BOOST_TEST(r.batch.dropped() == 7U);
    pair.write_call(42, 10);
    r.ec.reset();
    a.recorder->async_receive(r.batch, r.on_end());
    BOOST_REQUIRE(context.run_until([&] { return r.ec.has_value(); }));
    BOOST_TEST(r.count == 1U);
    BOOST_TEST(r.batch.records()[0].syscall == 10);
    BOOST_TEST(r.batch.dropped() == 0U);
    pair.close_writer();
    context.run();
    BOOST_TEST(a.report.counts.total() == 11U);
}

BOOST_AUTO_TEST_CASE(ends_when_the_recording_has_ended_and_all_is_handed_out)
{
    hub_recording a(*hub, 42, 10);
    start(a);
    pair.write_call(42, 0);
    pair.close_writer();
    context.run();
    BOOST_TEST(a.ended);
    received r;
    a.recorder->async_receive(r.batch, r.on_end());
    context.run();
    BOOST_TEST(!r.ec.value());
    BOOST_TEST(r.count == 1U);
    a.recorder->async_receive(r.batch, r.on_end());
    context.run();
    BOOST_TEST((r.ec.value() == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(may_be_waited_for_before_the_recording_begins)
{
    hub_recording a(*hub, 42, 10);
    received r;
    a.recorder->async_receive(r.batch, r.on_end());
    start(a);
    pair.write_call(42, 7);
    BOOST_REQUIRE(context.run_until([&] { return r.ec.has_value(); }));
    BOOST_TEST(r.count == 1U);
    pair.close_writer();
    context.run();
}

BOOST_AUTO_TEST_CASE(of_a_recording_that_never_begins_ends_with_its_object)
{
    hub_recording a(*hub, 42, 10);
    received r;
    a.recorder->async_receive(r.batch, r.on_end());
    context.get().poll();
    BOOST_TEST(!r.ec.has_value());
    a.recorder.reset();
    context.run();
    BOOST_TEST((r.ec.value() == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(of_a_recording_that_fails_ends_too)
{
    sctrace::recorder_options o;
    o.live_records = 10;
    sctrace::recorder neither_command_nor_pid(*hub, o);
    received r;
    error_code ec;
    neither_command_nor_pid.async_receive(r.batch, r.on_end());
    neither_command_nor_pid.async_run([&](error_code e, const sctrace::report&) { ec = e; });
    context.run();
    BOOST_TEST((ec == sctrace::error::invalid_options));
    BOOST_TEST((r.ec.value() == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(has_one_receiver_at_a_time)
{
    hub_recording a(*hub, 42, 10);
    start(a);
    received first;
    received second;
    a.recorder->async_receive(first.batch, first.on_end());
    a.recorder->async_receive(second.batch, second.on_end());
    BOOST_REQUIRE(context.run_until([&] { return second.ec.has_value(); }));
    BOOST_TEST((*second.ec == sctrace::error::already_running));
    BOOST_TEST(!first.ec.has_value());
    pair.write_call(42, 0);
    pair.close_writer();
    context.run();
    BOOST_TEST(!first.ec.value());
    BOOST_TEST(first.count == 1U);
}

BOOST_AUTO_TEST_CASE(is_there_only_if_it_was_wanted)
{
    hub_recording a(*hub, 42);
    received r;
    a.recorder->async_receive(r.batch, r.on_end());
    context.run();
    BOOST_TEST((r.ec.value() == sctrace::error::invalid_options));
}

BOOST_AUTO_TEST_CASE(loses_nothing_when_a_receiver_is_cancelled)
{
    for (const auto how : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                           asio::cancellation_type::total}) {
        cancel_a_receiver(how);
    }
    context.run();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hub_destruction)

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step)
{
    for (int steps = 0; steps < 80; ++steps) {
        sctrace::test::entry_pair pair;
        received r;
        {
            asio::io_context context;
            sctrace::source_options o;
            o.kmsg_descriptor = pair.take_reader();
            o.stop_check_interval = 1ms;
            sctrace::hub hub(context, o);
            hub_recording a(hub, 42, 4);
            hub_recording b(hub, 43);
            a.run();
            b.run();
            a.recorder->async_receive(r.batch, r.on_end());
            pair.write_call(42, 0);
            for (int i = 0; i < steps; ++i) {
                context.run_one_for(2ms);
                if (i == 30) {
                    a.recorder->request_stop();
                } else if (i == 40) {
                    b.recorder->cancel();
                }
            }
            BOOST_TEST((!a.ended || steps > 30));
            BOOST_TEST((!b.ended || steps > 40));
        }
        BOOST_TEST((!r.ec || !*r.ec));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hub_threads)

BOOST_AUTO_TEST_CASE(many_recorders_and_receivers_on_many_threads_count_exactly)
{
    constexpr int recorders = 8;
    constexpr int calls = 300;
    asio::thread_pool pool(4);
    sctrace::test::entry_pair pair;
    sctrace::source_options source;
    source.kmsg_descriptor = pair.take_reader();
    source.stop_check_interval = 1ms;
    sctrace::hub hub(pool.get_executor(), source);
    std::vector<sctrace::recorder> all;
    std::vector<std::future<sctrace::report>> running;
    std::vector<std::promise<void>> started(recorders);
    std::vector<std::jthread> receivers;
    std::vector<std::uint64_t> received_by(recorders);
    for (int i = 0; i < recorders; ++i) {
        sctrace::recorder_options o;
        o.pids = {100 + i};
        o.stop_check_interval = 1ms;
        o.live_records = 16;
        o.on_started = [&, i] { started[static_cast<std::size_t>(i)].set_value(); };
        all.emplace_back(hub, o);
        running.push_back(all.back().async_run(asio::use_future));
    }
    for (int i = 0; i < recorders; ++i) {
        receivers.emplace_back([&, i] {
            const auto at = static_cast<std::size_t>(i);
            sctrace::live_records batch;
            try {
                for (;;) {
                    received_by[at] += all[at].async_receive(batch, asio::use_future).get() + batch.dropped();
                }
            } catch (const boost::system::system_error&) {
                return;
            }
        });
    }
    for (auto& s : started) {
        s.get_future().get();
    }
    for (int i = 0; i < recorders * calls; ++i) {
        while (!pair.write(sctrace::test::entry(
            static_cast<std::uint64_t>(i + 1),
            sctrace::test::seccomp_text(static_cast<std::uint64_t>(i + 1), 100 + i % recorders, i % 5)))) {
            std::this_thread::yield();
        }
    }
    // Half of them are stopped from here, the others by the end of the source.
    for (int i = 0; i < recorders; i += 2) {
        all[static_cast<std::size_t>(i)].request_stop();
    }
    pair.close_writer();
    for (int i = 0; i < recorders; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto report = running[at].get();
        receivers[at].join();
        BOOST_TEST(report.counts.total() == received_by[at]);
        if (i % 2 == 1) {
            BOOST_TEST(report.counts.total() == static_cast<std::uint64_t>(calls));
        }
    }
    pool.join();
}

BOOST_AUTO_TEST_SUITE_END()
