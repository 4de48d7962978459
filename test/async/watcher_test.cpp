#include "async/context.hpp"
#include "async/entry_pair.hpp"
#include "common/logged_record.hpp"
#include "common/temporary_folder.hpp"
#include "common/virtual_clock.hpp"

#include <sctrace/audit_source.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using namespace std::chrono_literals;
using boost::system::error_code;
using sctrace::test::entry;
using sctrace::test::logged_record;
using sctrace::test::seccomp_text;
using sctrace::test::virtual_clock;

static_assert(std::is_same_v<sctrace::watcher, sctrace::basic_watcher<asio::any_io_executor>>);
static_assert(std::is_nothrow_move_constructible_v<sctrace::watcher>);
static_assert(!std::is_copy_constructible_v<sctrace::watcher>);
static_assert(std::is_constructible_v<sctrace::watcher, asio::io_context&>);

struct ending {
    error_code ec;
    sctrace::watch_summary summary;
};

/// A watcher that reads from a pair of sockets.
struct with_watcher {
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    std::uint64_t sequence = 1;
    /// `PID:NUMBER` of each record, in order.
    std::string seen;
    std::vector<std::string> losses;
    std::optional<ending> ended;

    sctrace::watcher_options options()
    {
        sctrace::watcher_options o;
        o.kmsg_descriptor = pair.take_reader();
        o.native = sctrace::architecture(0xc000003e);
        o.on_record = [this](const sctrace::seccomp_record& r) {
            seen += std::to_string(r.pid.value_or(-1)) + ':' + std::to_string(r.syscall) + ' ';
        };
        o.on_loss = [this](std::string_view text) { losses.emplace_back(text); };
        return o;
    }

    auto on_end()
    {
        return [this](error_code ec, sctrace::watch_summary summary) { ended = {ec, std::move(summary)}; };
    }

    void write(const std::string& text) { BOOST_REQUIRE(pair.write(entry(sequence++, text))); }
    void write(const logged_record& record) { write(record.kernel_text()); }
    void write_serial(std::uint64_t serial) { write(seccomp_text(serial, 42, 0)); }

    template <class Watcher>
    void run_to_end(Watcher& watcher)
    {
        watcher.async_run(on_end());
        context.run();
        BOOST_REQUIRE(ended.has_value());
    }

    /// What a watcher with these options makes of what has been written.
    void watch(sctrace::watcher_options o)
    {
        sctrace::watcher watcher(context.get(), std::move(o));
        pair.close_writer();
        run_to_end(watcher);
        BOOST_TEST(!ended->ec);
    }

    void run_a_little()
    {
        for (int i = 0; i < 20; ++i) {
            context.get().run_one_for(5ms);
        }
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(watcher, with_watcher)

BOOST_AUTO_TEST_CASE(every_record_is_handed_on_in_order)
{
    pair.write_call(42, 0);
    pair.write_call(43, -1);
    pair.write_call(42, 231);
    watch(options());
    BOOST_TEST(seen == "42:0 43:-1 42:231 ");
    BOOST_TEST(ended->summary.records == 3U);
    BOOST_TEST(ended->summary.failure_message.empty());
    BOOST_TEST(losses.empty());
}

BOOST_AUTO_TEST_CASE(strings_come_without_the_escapes_of_the_log)
{
    auto o = options();
    std::string comm;
    o.on_record = [&](const sctrace::seccomp_record& r) { comm = sctrace::decoded(r.comm); };
    write(logged_record{.comm = R"("a\x5cb")"});
    watch(std::move(o));
    BOOST_TEST(comm == "a\\b");
}

BOOST_AUTO_TEST_CASE(only_wanted_processes_are_handed_on)
{
    auto o = options();
    o.filter.pids = {42, 44};
    for (const int pid : {42, 43, 44, 421}) {
        pair.write_call(pid, 1);
    }
    watch(std::move(o));
    BOOST_TEST(seen == "42:1 44:1 ");
    BOOST_TEST(ended->summary.records == 2U);
}

BOOST_AUTO_TEST_CASE(only_the_wanted_session_is_handed_on)
{
    auto o = options();
    o.filter.session = 7;
    write(logged_record{.serial = 1, .session = "7", .pid = "1"});
    write(logged_record{.serial = 2, .session = "77", .pid = "2"});
    write(logged_record{.serial = 3, .pid = "3"});
    watch(std::move(o));
    BOOST_TEST(seen == "1:110 ");
}

BOOST_AUTO_TEST_CASE(only_refused_calls_are_handed_on_if_that_is_wanted)
{
    auto o = options();
    o.denied_only = true;
    const std::vector<std::string> codes{"0x7ffc0000", "0x7fff0000", "0x50001",    "0x30000",   "0x80000000",
                                         "0x0",        "0x7ff00000", "0x7fc00000", "0x12340000"};
    for (std::size_t i = 0; i != codes.size(); ++i) {
        write(logged_record{.serial = i + 1, .pid = std::to_string(i), .code = codes[i]});
    }
    auto without_code = logged_record{.serial = codes.size() + 1, .pid = "99"}.kernel_text();
    without_code.erase(without_code.find(" code="));
    write(without_code);
    watch(std::move(o));
    BOOST_TEST(seen == "2:110 3:110 4:110 5:110 6:110 7:110 8:110 99:110 ");
}

BOOST_AUTO_TEST_CASE(records_of_brackets_are_left_out_unless_they_were_refused)
{
    const std::string number = std::to_string(0x12345678);
    write(logged_record{.serial = 1, .pid = "1", .syscall = number});
    write(logged_record{.serial = 2, .pid = "2", .syscall = number, .code = "0x50001"});
    write(logged_record{.serial = 3, .pid = "3"});
    watch(options());
    BOOST_TEST(seen == "2:" + number + " 3:110 ");
}

BOOST_AUTO_TEST_CASE(other_records_and_other_text_are_left_out)
{
    write("audit: type=1300 audit(1795498483.207:1): arch=c000003e syscall=59 pid=42");
    write("usb 1-1: audit: type=1326 audit(1.2:3): pid=42 syscall=1");
    write(logged_record{.serial = 2});
    watch(options());
    BOOST_TEST(seen == "2752:110 ");
    BOOST_TEST(losses.empty());
}

BOOST_AUTO_TEST_CASE(a_batch_ends_behind_its_wanted_records)
{
    auto o = options();
    o.filter.pids = {42};
    o.on_batch = [this] { seen += "end "; };
    pair.write_call(43, 0);
    pair.write_call(42, 1);
    pair.write_call(42, 2);
    sctrace::watcher watcher(context.get(), std::move(o));
    watcher.async_run(on_end());
    BOOST_TEST(context.run_until([&] { return seen.ends_with("end "); }));
    pair.write_call(43, 3);
    pair.close_writer();
    context.run();
    BOOST_TEST(seen == "42:1 42:2 end ");
}

BOOST_AUTO_TEST_CASE(a_record_is_handed_on_while_the_watcher_goes_on)
{
    sctrace::watcher watcher(context.get(), options());
    watcher.async_run(on_end());
    run_a_little();
    pair.write_call(42, 5);
    BOOST_TEST(context.run_until([&] { return seen == "42:5 "; }));
    BOOST_TEST(!ended.has_value());
    watcher.request_stop();
    context.run();
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(nothing_needs_to_be_asked_for)
{
    sctrace::watcher_options o;
    o.kmsg_descriptor = pair.take_reader();
    pair.write_call(42, 0);
    write_serial(9);
    watch(std::move(o));
    BOOST_TEST(ended->summary.records == 2U);
    BOOST_TEST(ended->summary.lost.serial_gaps == 7U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(watcher_losses, with_watcher)

BOOST_AUTO_TEST_CASE(missing_serials_are_told_while_it_goes_on)
{
    sctrace::watcher watcher(context.get(), options());
    watcher.async_run(on_end());
    write_serial(10);
    write_serial(13);
    const auto begin = std::chrono::steady_clock::now();
    BOOST_TEST(context.run_until([&] { return !losses.empty(); }));
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 10s));
    BOOST_TEST(losses.back() == "records may be missing: 2 audit serials were never seen");
    BOOST_TEST(!ended.has_value());
    write_serial(15);
    pair.close_writer();
    context.run();
    BOOST_REQUIRE(losses.size() == 2U);
    BOOST_TEST(losses.back() == "records may be missing: 1 audit serial was never seen");
    BOOST_TEST(ended->summary.lost.serial_gaps == 3U);
}

BOOST_AUTO_TEST_CASE(a_serial_that_comes_late_is_not_missing)
{
    sctrace::basic_watcher<asio::any_io_executor, virtual_clock> watcher(context.get_executor(), options());
    watcher.async_run(on_end());
    write_serial(10);
    write_serial(12);
    BOOST_TEST(context.run_until([&] { return seen == "42:0 42:0 "; }));
    virtual_clock::advance(500ms);
    run_a_little();
    BOOST_TEST(losses.empty());
    write_serial(11);
    BOOST_TEST(context.run_until([&] { return seen == "42:0 42:0 42:0 "; }));
    virtual_clock::advance(500ms);
    run_a_little();
    pair.close_writer();
    context.run();
    BOOST_TEST(losses.empty());
    BOOST_TEST(ended->summary.lost.serial_gaps == 0U);
}

BOOST_AUTO_TEST_CASE(a_serial_that_comes_after_it_was_told_missing_is_not_counted_at_the_end)
{
    sctrace::basic_watcher<asio::any_io_executor, virtual_clock> watcher(context.get_executor(), options());
    watcher.async_run(on_end());
    write_serial(10);
    write_serial(12);
    BOOST_TEST(context.run_until([&] { return seen == "42:0 42:0 "; }));
    for (int i = 0; i < 2; ++i) {
        virtual_clock::advance(500ms);
        run_a_little();
    }
    BOOST_TEST(losses.size() == 1U);
    write_serial(11);
    pair.close_writer();
    context.run();
    BOOST_TEST(losses.size() == 1U);
    BOOST_TEST(ended->summary.lost.serial_gaps == 0U);
}

BOOST_AUTO_TEST_CASE(serials_are_counted_on_around_zero)
{
    write_serial(4294967295);
    write_serial(2);
    watch(options());
    BOOST_TEST(ended->summary.lost.serial_gaps == 2U);
}

BOOST_AUTO_TEST_CASE(what_the_kernel_says_of_losses_is_told)
{
    write("audit_printk_skb: 12 callbacks suppressed");
    write("audit: audit_lost=3 audit_rate_limit=0 audit_backlog_limit=64");
    watch(options());
    BOOST_REQUIRE(losses.size() == 1U);
    BOOST_TEST(losses.front() ==
               "records may be missing: 12 messages were suppressed by printk's rate limit, "
               "the kernel said that it lost audit records");
    BOOST_TEST(ended->summary.lost.printk_suppressed == 12U);
}

BOOST_AUTO_TEST_CASE(overwritten_entries_are_told)
{
    write_serial(1);
    sequence += 5;
    write_serial(2);
    watch(options());
    BOOST_REQUIRE(losses.size() == 1U);
    BOOST_TEST(losses.front() ==
               "records may be missing: 5 entries of the ring buffer were overwritten before "
               "they were read");
    BOOST_TEST(ended->summary.lost.kmsg_overwritten == 5U);
}

BOOST_AUTO_TEST_CASE(records_that_cannot_be_read_are_told)
{
    write("audit: type=1326 audit(1795498483.207:1): auid=0 pid=42 comm=\"x\" syscall=many code=0x0");
    write("audit: type=1326 audit(broken");
    watch(options());
    BOOST_REQUIRE(losses.size() == 1U);
    BOOST_TEST(losses.front() == "records may be missing: 2 records could not be read");
    BOOST_TEST(ended->summary.lost.malformed_records == 2U);
    BOOST_TEST(ended->summary.records == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_cut_counts_unless_it_is_another_s)
{
    const auto cut = [](const std::string& pid, const std::string& ses) {
        const logged_record whole{.session = ses, .pid = pid, .exe = '"' + std::string(2000, 'e') + '"'};
        return whole.kernel_text().substr(0, 1021);
    };
    auto o = options();
    o.filter.pids = {42};
    o.filter.session = 7;
    write(cut("42", "7"));
    write(cut("43", "7"));
    write(cut("42", "8"));
    watch(std::move(o));
    BOOST_REQUIRE(losses.size() == 1U);
    BOOST_TEST(losses.front() ==
               "records may be missing: 1 record was cut by the kernel before the system call's number");
    BOOST_TEST(ended->summary.lost.truncated_records == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(watcher_ends, with_watcher)

BOOST_AUTO_TEST_CASE(a_stop_hands_on_what_was_there_before_it)
{
    for (int i = 0; i < 1000; ++i) {
        pair.write_call(42, i % 10);
    }
    sctrace::watcher watcher(context.get(), options());
    watcher.request_stop();
    run_to_end(watcher);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->summary.records == 1000U);
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_is_honoured)
{
    sctrace::watcher watcher(context.get(), options());
    pair.write_call(42, 0);
    std::jthread other([&] { watcher.request_stop(); });
    run_to_end(watcher);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(seen == "42:0 ");
}

BOOST_AUTO_TEST_CASE(a_stop_token_is_honoured)
{
    std::stop_source stop;
    auto o = options();
    o.stop = stop.get_token();
    sctrace::watcher watcher(context.get(), std::move(o));
    std::jthread other([&] { stop.request_stop(); });
    run_to_end(watcher);
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(the_duration_follows_the_clock)
{
    auto o = options();
    o.duration = 20s;
    sctrace::basic_watcher<asio::any_io_executor, virtual_clock> watcher(context.get_executor(),
                                                                         std::move(o));
    watcher.async_run(on_end());
    run_a_little();
    virtual_clock::advance(19999ms);
    run_a_little();
    BOOST_TEST(!ended.has_value());
    virtual_clock::advance(1ms);
    BOOST_TEST(context.run_until([&] { return ended.has_value(); }));
    BOOST_TEST(!ended->ec);
    context.run();
}

BOOST_AUTO_TEST_CASE(the_duration_begins_when_watching_begins)
{
    auto o = options();
    o.duration = 20s;
    o.on_started = [] { virtual_clock::advance(20s); };
    sctrace::basic_watcher<asio::any_io_executor, virtual_clock> watcher(context.get_executor(),
                                                                         std::move(o));
    watcher.async_run(on_end());
    run_a_little();
    BOOST_TEST(!ended.has_value());
    virtual_clock::advance(20s);
    BOOST_TEST(context.run_until([&] { return ended.has_value(); }));
    BOOST_TEST(!ended->ec);
    context.run();
}

BOOST_DATA_TEST_CASE(cancellation_ends_it_at_once, data::make({true, false}), terminal)
{
    auto o = options();
    o.stop_check_interval = 1h;
    sctrace::watcher watcher(context.get(), std::move(o));
    asio::cancellation_signal signal;
    watcher.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    pair.write_call(42, 0);
    run_a_little();
    BOOST_TEST(!ended.has_value());
    signal.emit(terminal ? asio::cancellation_type::terminal : asio::cancellation_type::partial);
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST((ended->ec == (terminal ? error_code(asio::error::operation_aborted) : error_code())));
    BOOST_TEST(ended->summary.failure_message == (terminal ? "watching was cancelled" : ""));
    BOOST_TEST(seen == "42:0 ");
}

BOOST_AUTO_TEST_CASE(total_cancellation_is_ignored)
{
    sctrace::watcher watcher(context.get(), options());
    asio::cancellation_signal signal;
    watcher.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    signal.emit(asio::cancellation_type::total);
    run_a_little();
    BOOST_TEST(!ended.has_value());
    watcher.request_stop();
    context.run();
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(cancellation_at_each_step_completes)
{
    for (int steps = 0; steps < 40; ++steps) {
        sctrace::test::entry_pair own;
        sctrace::watcher_options o;
        o.kmsg_descriptor = own.take_reader();
        sctrace::watcher watcher(context.get(), std::move(o));
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        watcher.async_run(asio::bind_cancellation_slot(
            signal.slot(), [&](error_code ec, const sctrace::watch_summary&) { result = ec; }));
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

BOOST_AUTO_TEST_CASE(a_watcher_runs_once)
{
    sctrace::watcher watcher(context.get(), options());
    pair.close_writer();
    std::optional<ending> second;
    watcher.async_run(on_end());
    watcher.async_run([&](error_code ec, sctrace::watch_summary s) { second = {ec, std::move(s)}; });
    context.run();
    BOOST_TEST(!ended->ec);
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST((second->ec == sctrace::error::already_running));
    BOOST_TEST(second->summary.failure_message == "a watcher runs once");
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor)
{
    auto strand = asio::make_strand(context.get_executor());
    bool on_strand = false;
    sctrace::watcher watcher(context.get(), options());
    pair.close_writer();
    watcher.async_run(asio::bind_executor(strand, [&](error_code, const sctrace::watch_summary&) {
        on_strand = strand.running_in_this_thread();
    }));
    context.run();
    BOOST_TEST(on_strand);
}

BOOST_AUTO_TEST_CASE(destroying_or_assigning_over_the_object_stops_it)
{
    {
        sctrace::watcher watcher(context.get(), options());
        pair.write_call(42, 0);
        watcher.async_run(on_end());
    }
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(seen == "42:0 ");

    ended.reset();
    sctrace::test::entry_pair other;
    sctrace::watcher_options o;
    o.kmsg_descriptor = other.take_reader();
    sctrace::watcher watcher(context.get(), std::move(o));
    watcher.async_run(on_end());
    watcher = sctrace::watcher(context.get());
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(!ended->ec);
}

BOOST_AUTO_TEST_CASE(a_watcher_can_be_awaited_with_the_default_token)
{
    pair.write_call(42, 0);
    pair.close_writer();
    std::uint64_t records = 0;
    auto course = [&]() -> asio::awaitable<void> {
        sctrace::watcher watcher(co_await asio::this_coro::executor, options());
        const sctrace::watch_summary summary = co_await watcher.async_run();
        records = summary.records;
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(records == 1U);
}

BOOST_AUTO_TEST_CASE(a_watcher_on_a_thread_pool_calls_one_function_at_a_time)
{
    asio::thread_pool pool(4);
    sctrace::watcher_options o;
    o.kmsg_descriptor = pair.take_reader();
    o.stop_check_interval = 1ms;
    std::atomic<int> inside = 0;
    std::atomic<bool> overlapped = false;
    std::uint64_t handed_on = 0;
    o.on_record = [&](const sctrace::seccomp_record&) {
        overlapped = overlapped || ++inside != 1;
        ++handed_on;
        --inside;
    };
    sctrace::watcher watcher(pool.get_executor(), std::move(o));
    auto future = watcher.async_run(asio::use_future);
    for (int i = 0; i < 500; ++i) {
        pair.write_call(42, i % 7);
    }
    std::vector<std::jthread> others;
    for (int i = 0; i < 4; ++i) {
        others.emplace_back([&] { watcher.request_stop(); });
    }
    const auto summary = future.get();
    pool.join();
    BOOST_TEST(summary.records == 500U);
    BOOST_TEST(handed_on == 500U);
    BOOST_TEST(!overlapped);
    context.run();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(watcher_errors, with_watcher)

BOOST_AUTO_TEST_CASE(a_source_that_cannot_be_opened_is_told)
{
    const sctrace::test::temporary_folder folder;
    sctrace::watcher_options o;
    o.kmsg = folder.file("missing");
    sctrace::watcher watcher(context.get(), o);
    run_to_end(watcher);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(ended->summary.failure_message.find(o.kmsg) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_is_told_with_what_was_read)
{
    auto o = options();
    // What the peer never read makes its closing a reset connection for the reader.
    BOOST_REQUIRE(::send(*o.kmsg_descriptor, "x", 1, 0) == 1);
    sctrace::watcher watcher(context.get(), std::move(o));
    pair.write_call(42, 0);
    watcher.async_run(on_end());
    run_a_little();
    pair.close_writer();
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->ec.value() == ECONNRESET);
    BOOST_TEST(ended->summary.failure_message.starts_with("reading the source failed: "));
    BOOST_TEST(seen == "42:0 ");
}

BOOST_AUTO_TEST_CASE(a_rate_limit_that_cannot_be_lifted_is_told)
{
    auto o = options();
    o.lift_ratelimit = true;
    const sctrace::test::temporary_folder folder;
    o.ratelimit_paths.sysctl = folder.file("missing");
    o.ratelimit_paths.state = folder.file("state");
    sctrace::watcher watcher(context.get(), std::move(o));
    run_to_end(watcher);
    BOOST_TEST(bool(ended->ec));
    BOOST_TEST(!ended->summary.failure_message.empty());
}

BOOST_AUTO_TEST_CASE(a_system_error_of_a_function_ends_it_and_no_function_is_called_again)
{
    auto o = options();
    o.on_record = [this](const sctrace::seccomp_record&) {
        seen += "once ";
        throw boost::system::system_error(make_error_code(boost::system::errc::no_space_on_device));
    };
    pair.write_call(42, 0);
    pair.write_call(42, 1);
    sctrace::watcher watcher(context.get(), std::move(o));
    run_to_end(watcher);
    BOOST_TEST((ended->ec == boost::system::errc::no_space_on_device));
    BOOST_TEST(seen == "once ");
}

BOOST_AUTO_TEST_CASE(any_other_exception_of_a_function_leaves_the_context_s_run)
{
    auto o = options();
    o.on_record = [](const sctrace::seccomp_record&) { throw std::runtime_error("of a user"); };
    pair.write_call(42, 0);
    sctrace::watcher watcher(context.get(), std::move(o));
    watcher.async_run(on_end());
    BOOST_CHECK_THROW(context.run(), std::runtime_error);
    context.run();
    BOOST_TEST(!ended.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(watcher_audit_source)

BOOST_AUTO_TEST_CASE(an_audit_source_tells_whether_there_is_something_to_read)
{
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    sctrace::audit_source source(context.get_executor());
    BOOST_TEST(!source.readable());
    source.assign(pair.take_reader());
    BOOST_TEST(!source.readable());
    BOOST_REQUIRE(pair.write("x"));
    BOOST_TEST(source.readable());
    source.close();
    BOOST_TEST(!source.readable());
    context.run();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(watcher_destruction)

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step)
{
    for (int steps = 0; steps < 60; ++steps) {
        sctrace::test::entry_pair pair;
        bool completed = false;
        {
            asio::io_context context;
            sctrace::watcher_options o;
            o.kmsg_descriptor = pair.take_reader();
            o.stop_check_interval = 1ms;
            sctrace::watcher watcher(context, std::move(o));
            watcher.async_run([&](error_code, const sctrace::watch_summary&) { completed = true; });
            pair.write_call(42, 0);
            for (int i = 0; i < steps; ++i) {
                context.run_one_for(2ms);
            }
        }
        BOOST_TEST(!completed);
    }
}

BOOST_AUTO_TEST_SUITE_END()
