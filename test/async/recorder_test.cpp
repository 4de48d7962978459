#include "async/context.hpp"
#include "async/entry_pair.hpp"
#include "common/temporary_folder.hpp"
#include "common/virtual_clock.hpp"

#include <sctrace/recorder.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using boost::system::error_code;
using sctrace::test::read_file;
using sctrace::test::virtual_clock;

struct ending {
    error_code ec;
    sctrace::report report;
};

/// A recorder of process 42 that reads from a pair of sockets.
struct with_recorder {
    sctrace::test::checked_context context;
    sctrace::test::temporary_folder folder;
    sctrace::test::entry_pair pair;
    std::string path = folder.file("trace");
    std::optional<ending> ended;

    sctrace::recorder_options options()
    {
        sctrace::recorder_options o;
        o.pids = {42};
        o.output = path;
        o.kmsg_descriptor = pair.take_reader();
        o.native = sctrace::architecture(0xc000003e);
        return o;
    }

    auto on_end()
    {
        return [this](error_code ec, sctrace::report report) { ended = {ec, std::move(report)}; };
    }

    template <class Recorder>
    void run_to_end(Recorder& recorder)
    {
        recorder.async_run(on_end());
        context.run();
        BOOST_REQUIRE(ended.has_value());
    }

    bool why_mentions(const std::string& words) const
    {
        const auto& why = ended->report.judged.why;
        return std::any_of(why.begin(), why.end(),
                           [&](const std::string& w) { return w.find(words) != std::string::npos; });
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(recorder, with_recorder)

BOOST_AUTO_TEST_CASE(a_source_that_ends_ends_the_recording)
{
    sctrace::recorder recorder(context.get(), options());
    pair.write_call(42, 0);
    pair.write_call(421, 0);
    pair.write_call(42, 1);
    pair.write_call(42, 0);
    pair.close_writer();
    run_to_end(recorder);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 3U);
    BOOST_TEST(read_file(path) == "{\"syscall\":0,\"name\":\"read\",\"count\":2}\n"
                                  "{\"syscall\":1,\"name\":\"write\",\"count\":1}\n");
    BOOST_TEST((ended->report.judged.what == sctrace::verdict::unproven));
    BOOST_TEST(why_mentions("not the kernel's own device"));
}

BOOST_AUTO_TEST_CASE(a_stop_reads_what_was_there_before_it)
{
    sctrace::recorder recorder(context.get(), options());
    for (int i = 0; i < 1000; ++i) {
        pair.write_call(42, i % 10);
    }
    recorder.request_stop();
    run_to_end(recorder);
    BOOST_TEST(ended->report.counts.total() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_is_honoured)
{
    sctrace::recorder recorder(context.get(), options());
    pair.write_call(42, 0);
    std::jthread other([&] { recorder.request_stop(); });
    run_to_end(recorder);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stop_token_is_honoured)
{
    std::stop_source stop;
    auto o = options();
    o.stop = stop.get_token();
    sctrace::recorder recorder(context.get(), std::move(o));
    std::jthread other([&] { stop.request_stop(); });
    run_to_end(recorder);
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(the_duration_and_the_interval_follow_the_clock)
{
    auto o = options();
    o.duration = 20s;
    o.flush_interval = 5s;
    sctrace::basic_recorder<asio::any_io_executor, virtual_clock> recorder(context.get_executor(),
                                                                           std::move(o));
    recorder.async_run(on_end());
    pair.write_call(42, 0);
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    BOOST_TEST(!fs::exists(path));
    virtual_clock::advance(5s);
    BOOST_TEST(context.run_until([&] { return read_file(path).find("\"count\":1}") != std::string::npos; }));
    BOOST_TEST(!ended.has_value());
    virtual_clock::advance(15s);
    BOOST_REQUIRE(context.run_until([&] { return ended.has_value(); }));
    BOOST_TEST(!ended->ec);
    context.run();
}

BOOST_AUTO_TEST_CASE(stop_checks_come_at_their_interval)
{
    auto o = options();
    o.stop_check_interval = 200ms;
    sctrace::basic_recorder<asio::any_io_executor, virtual_clock> recorder(context.get_executor(),
                                                                           std::move(o));
    recorder.async_run(on_end());
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    recorder.request_stop();
    virtual_clock::advance(199ms);
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    BOOST_TEST(!ended.has_value());
    virtual_clock::advance(1ms);
    BOOST_TEST(context.run_until([&] { return ended.has_value(); }));
    context.run();
}

BOOST_DATA_TEST_CASE(cancellation_ends_it_at_once, data::make({true, false}), terminal)
{
    auto o = options();
    o.stop_check_interval = 1h;
    sctrace::recorder recorder(context.get(), std::move(o));
    asio::cancellation_signal signal;
    recorder.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    pair.write_call(42, 0);
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    BOOST_TEST(!ended.has_value());
    signal.emit(terminal ? asio::cancellation_type::terminal : asio::cancellation_type::partial);
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST((ended->ec == (terminal ? error_code(asio::error::operation_aborted) : error_code())));
    BOOST_TEST(read_file(path).find("\"count\":1}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(total_cancellation_is_ignored)
{
    sctrace::recorder recorder(context.get(), options());
    asio::cancellation_signal signal;
    recorder.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    signal.emit(asio::cancellation_type::total);
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    BOOST_TEST(!ended.has_value());
    recorder.request_stop();
    context.run();
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(assigning_over_a_recorder_stops_it)
{
    sctrace::recorder recorder(context.get(), options());
    recorder.async_run(on_end());
    recorder = sctrace::recorder(context.get());
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(cancellation_at_each_step_completes)
{
    for (int steps = 0; steps < 40; ++steps) {
        sctrace::test::entry_pair own;
        sctrace::recorder_options o;
        o.pids = {42};
        o.output = path;
        o.kmsg_descriptor = own.take_reader();
        sctrace::recorder recorder(context.get(), std::move(o));
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        recorder.async_run(asio::bind_cancellation_slot(
            signal.slot(), [&](error_code ec, const sctrace::report&) { result = ec; }));
        own.write_call(42, 0);
        for (int i = 0; i < steps && !result; ++i) {
            context.get().restart();
            context.get().poll_one();
        }
        signal.emit(asio::cancellation_type::terminal);
        context.run();
        BOOST_TEST(result.has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_recorder_records_once)
{
    sctrace::recorder recorder(context.get(), options());
    pair.close_writer();
    std::optional<error_code> second;
    recorder.async_run(on_end());
    recorder.async_run([&](error_code ec, const sctrace::report&) { second = ec; });
    context.run();
    BOOST_TEST(!ended->ec);
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST((*second == sctrace::error::already_running));
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor)
{
    auto strand = asio::make_strand(context.get_executor());
    bool on_strand = false;
    sctrace::recorder recorder(context.get(), options());
    pair.close_writer();
    recorder.async_run(asio::bind_executor(
        strand, [&](error_code, const sctrace::report&) { on_strand = strand.running_in_this_thread(); }));
    context.run();
    BOOST_TEST(on_strand);
}

BOOST_AUTO_TEST_CASE(destroying_the_object_stops_the_recording)
{
    {
        sctrace::recorder recorder(context.get(), options());
        pair.write_call(42, 0);
        recorder.async_run(on_end());
    }
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(notices_are_given)
{
    std::string notices;
    auto o = options();
    o.pids = {42, 2147483646};
    o.on_notice = [&](std::string_view text) { notices += text; };
    sctrace::recorder recorder(context.get(), std::move(o));
    pair.close_writer();
    run_to_end(recorder);
    BOOST_TEST(notices.find("process 2147483646 does not exist") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_changes_nothing)
{
    // Records of any time count: selection goes by process and serial, intervals by the steady clock.
    sctrace::recorder recorder(context.get(), options());
    auto text = sctrace::test::seccomp_text(1, 42, 0);
    BOOST_REQUIRE(pair.write(sctrace::test::entry(1, text)));
    text.replace(text.find("1795498483.207"), 14, "7.030");
    BOOST_REQUIRE(pair.write(sctrace::test::entry(2, text)));
    text.replace(text.find("7.030"), 5, "6914317446.261");
    BOOST_REQUIRE(pair.write(sctrace::test::entry(3, text)));
    pair.close_writer();
    run_to_end(recorder);
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(recorder_errors, with_recorder)

BOOST_AUTO_TEST_CASE(options_that_contradict_each_other)
{
    sctrace::recorder nothing(context.get());
    run_to_end(nothing);
    BOOST_TEST((ended->ec == sctrace::error::invalid_options));
    auto both = options();
    both.command.emplace().command = {"true"};
    sctrace::recorder recorder(context.get(), both);
    run_to_end(recorder);
    BOOST_TEST((ended->ec == sctrace::error::invalid_options));
    ::close(*both.kmsg_descriptor);
    sctrace::recorder_options known;
    known.pids = {42};
    known.known = {{sctrace::architecture(0xc000003e), 0}};
    sctrace::recorder of_processes(context.get(), known);
    run_to_end(of_processes);
    BOOST_TEST((ended->ec == sctrace::error::invalid_options));
    BOOST_TEST(ended->report.failure_message.find("known calls") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_be_opened_leaves_an_empty_trace_only_where_there_was_none)
{
    auto o = options();
    ::close(*std::exchange(o.kmsg_descriptor, std::nullopt));
    o.kmsg = folder.file("missing");
    sctrace::recorder first(context.get(), o);
    run_to_end(first);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(ended->report.failure_message.find(o.kmsg) != std::string::npos);
    BOOST_TEST(fs::exists(path));
    BOOST_TEST(read_file(path).empty());

    sctrace::test::write_file(path, "an earlier trace\n");
    sctrace::recorder second(context.get(), o);
    run_to_end(second);
    BOOST_TEST(read_file(path) == "an earlier trace\n");
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_told_before_anything_starts)
{
    auto o = options();
    o.output = folder.file("no/such/folder/trace");
    sctrace::recorder recorder(context.get(), o);
    run_to_end(recorder);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(ended->report.failure_message.find(o.output) != std::string::npos);
    ::close(*o.kmsg_descriptor);
}

BOOST_AUTO_TEST_CASE(a_trace_that_cannot_be_written_at_the_end_is_an_error_with_the_report)
{
    sctrace::recorder recorder(context.get(), options());
    pair.write_call(42, 0);
    recorder.async_run(on_end());
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    fs::create_directory(path);
    pair.close_writer();
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(bool(ended->ec));
    BOOST_TEST(ended->report.failure_message.find(path) != std::string::npos);
    BOOST_TEST(ended->report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_keeps_what_was_read)
{
    auto o = options();
    // What the peer never read makes its closing a reset connection for the reader.
    BOOST_REQUIRE(::send(*o.kmsg_descriptor, "x", 1, 0) == 1);
    sctrace::recorder recorder(context.get(), std::move(o));
    pair.write_call(42, 0);
    recorder.async_run(on_end());
    for (int i = 0; i < 20; ++i) {
        context.get().run_one_for(5ms);
    }
    pair.close_writer();
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->ec.value() == ECONNRESET);
    BOOST_TEST(ended->report.counts.total() == 1U);
    BOOST_TEST(read_file(path).find("\"count\":1}") != std::string::npos);
    BOOST_TEST(why_mentions("reading the source failed"));
}

BOOST_AUTO_TEST_CASE(a_command_that_is_nowhere_is_told)
{
    auto o = options();
    o.pids.clear();
    o.command.emplace().command = {"no-such-command-anywhere"};
    sctrace::recorder recorder(context.get(), o);
    run_to_end(recorder);
    BOOST_TEST((ended->ec == sctrace::error::command_not_found));
    BOOST_TEST(ended->report.failure_message.find("no-such-command-anywhere") != std::string::npos);
    BOOST_TEST(!fs::exists(path));
    ::close(*o.kmsg_descriptor);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(recorder_destruction)

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step)
{
    for (int steps = 0; steps < 60; ++steps) {
        sctrace::test::temporary_folder folder;
        sctrace::test::entry_pair pair;
        const auto path = folder.file("trace");
        bool completed = false;
        {
            asio::io_context context;
            sctrace::recorder_options o;
            o.pids = {42};
            o.output = path;
            o.kmsg_descriptor = pair.take_reader();
            o.flush_interval = 1ms;
            o.stop_check_interval = 1ms;
            sctrace::recorder recorder(context, std::move(o));
            recorder.async_run([&](error_code, const sctrace::report&) { completed = true; });
            pair.write_call(42, 0);
            for (int i = 0; i < steps; ++i) {
                context.run_one_for(2ms);
            }
        }
        BOOST_TEST(!completed);
        const auto text = read_file(path);
        BOOST_TEST((text.empty() || text == "{\"syscall\":0,\"name\":\"read\",\"count\":1}\n"));
        BOOST_TEST(std::distance(fs::directory_iterator(fs::path(path).parent_path()),
                                 fs::directory_iterator()) <= 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
