#include "async/context.hpp"
#include "async/counting_allocator.hpp"
#include "common/logged_record.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/replayer.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using boost::system::error_code;
using boost::system::system_error;
using io_executor = asio::io_context::executor_type;
using sctrace::replay_options;
using sctrace::replayer;
using sctrace::report;
using sctrace::test::kmsg_line;
using sctrace::test::kmsg_log;
using sctrace::test::read_file;
using sctrace::test::write_file;

static_assert(std::is_same_v<replayer, sctrace::basic_replayer<asio::any_io_executor>>);
static_assert(
    std::is_same_v<replayer::rebind_executor<io_executor>::other, sctrace::basic_replayer<io_executor>>);
static_assert(std::is_nothrow_move_constructible_v<replayer>);
static_assert(!std::is_copy_constructible_v<replayer>);
static_assert(std::is_constructible_v<replayer, asio::io_context&>);
static_assert(std::is_constructible_v<replayer, asio::any_io_executor>);

const sctrace::architecture x86_64(0xc000003e);

struct ending {
    error_code ec;
    sctrace::report report;
};

/// Runs on threads of its own.
std::future<ending> start(replayer& own)
{
    auto promise = std::make_shared<std::promise<ending>>();
    own.async_run([promise](error_code ec, report r) { promise->set_value({ec, std::move(r)}); });
    return promise->get_future();
}

ending result_of(std::future<ending> running)
{
    BOOST_REQUIRE((running.wait_for(4 * sctrace::test::deadline) == std::future_status::ready));
    return running.get();
}

bool mentions(const report& r, const std::string& words)
{
    const auto& why = r.judged.why;
    return std::any_of(why.begin(), why.end(),
                       [&](const std::string& w) { return w.find(words) != std::string::npos; });
}

struct with_log {
    sctrace::test::temporary_folder folder;
    std::string log = folder.file("log");
    std::string path = folder.file("trace");

    with_log() { write_file(log, kmsg_log(1, 3)); }

    replay_options options() const
    {
        replay_options o;
        o.logs = {log};
        o.output = path;
        o.native = x86_64;
        return o;
    }
};

struct with_replayer : with_log {
    sctrace::test::checked_context context;
    std::optional<ending> ended;

    auto on_end()
    {
        return [this](error_code ec, report r) { ended = {ec, std::move(r)}; };
    }

    void run(replay_options o)
    {
        replayer own(context.get(), std::move(o));
        own.async_run(on_end());
        context.run();
        BOOST_REQUIRE(ended.has_value());
    }
};

const std::string trace_of_three = "{\"syscall\":110,\"name\":\"getppid\",\"count\":3}\n";

/// A log of several parts: records with serials in a row, the calls in turn.
std::string big_log(std::size_t bytes)
{
    std::string text;
    text.reserve(bytes + 1000);
    for (std::uint64_t i = 1; text.size() < bytes; ++i) {
        text += kmsg_line({.serial = i, .syscall = std::to_string(i % 7)}, i) + '\n';
        if (i % 5 == 0) {
            text += sctrace::test::journal_line({.syscall = std::to_string(i % 7)}) + '\n';
        }
    }
    return text;
}

/// The serials of events, in their order; an event without one counts as 0.
std::vector<std::uint64_t> serials_in(std::string_view events)
{
    constexpr std::string_view key = "\"serial\":";
    std::vector<std::uint64_t> serials;
    while (!events.empty()) {
        const std::string_view line = events.substr(0, events.find('\n'));
        const std::size_t at = line.find(key);
        serials.push_back(
            at == std::string_view::npos ? 0 : std::stoull(std::string(line.substr(at + key.size(), 20))));
        events.remove_prefix(line.size() + 1);
    }
    return serials;
}

/// A FIFO that somebody has open for writing.
class endless_fifo {
public:
    explicit endless_fifo(const std::string& path)
    {
        BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        writer_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        BOOST_REQUIRE(writer_ >= 0);
    }
    endless_fifo(const endless_fifo&) = delete;
    endless_fifo& operator=(const endless_fifo&) = delete;
    ~endless_fifo() { ::close(writer_); }

    /// False if it is full.
    bool write(const std::string& text) const
    {
        return ::write(writer_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }

private:
    int writer_ = -1;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(replayer_runs, with_replayer)

BOOST_AUTO_TEST_CASE(a_log_becomes_a_trace_and_a_report)
{
    std::string events;
    std::vector<std::string> opened;
    std::vector<sctrace::replay_progress> progress;
    auto o = options();
    o.filter.pids = {2752};
    o.on_opened = [&](std::string_view name) { opened.emplace_back(name); };
    o.on_events = [&](std::string_view lines) { events += lines; };
    o.on_progress = [&](const sctrace::replay_progress& p) { progress.push_back(p); };
    o.on_notice = [](std::string_view text) { BOOST_ERROR("a notice: " << text); };
    run(o);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.failure_message.empty());
    BOOST_TEST(ended->report.source == "replay");
    BOOST_TEST(ended->report.counts.total() == 3U);
    BOOST_TEST((ended->report.pids == o.filter.pids));
    BOOST_TEST((ended->report.started == std::chrono::system_clock::time_point(1795497556007ms)));
    BOOST_TEST((ended->report.ended == ended->report.started));
    BOOST_TEST((ended->report.judged.what == sctrace::verdict::unproven));
    BOOST_TEST(ended->report.judged.why.size() == 1U);
    BOOST_TEST(read_file(path) == trace_of_three);
    BOOST_TEST((serials_in(events) == std::vector<std::uint64_t>{1, 2, 3}));
    BOOST_TEST((opened == std::vector<std::string>{log}));
    BOOST_REQUIRE(progress.size() == 1U);
    BOOST_TEST(progress[0].bytes == fs::file_size(log));
    BOOST_TEST((progress[0].size == fs::file_size(log)));
}

BOOST_AUTO_TEST_CASE(several_logs_are_one_replay)
{
    // A rotated log and its copy in another form.
    const std::string other = folder.file("audit.log");
    write_file(other, sctrace::test::log_of({sctrace::test::audit_line({.serial = 3}),
                                             sctrace::test::audit_line({.serial = 4, .time = "1795497560.5"}),
                                             "type=SECCOMP msg=audit(1.0:9): auid=1 pid=5 syscall=x"}));
    auto o = options();
    o.logs = {log, other};
    run(o);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 4U);
    BOOST_TEST(ended->report.loss.malformed_records == 1U);
    BOOST_TEST((ended->report.ended == std::chrono::system_clock::time_point(1795497560500ms)));
}

BOOST_AUTO_TEST_CASE(what_the_log_tells_of_losses_is_reported)
{
    const std::string whole = kmsg_line({.serial = 9}, 12);
    const std::string cut_one = whole.substr(0, whole.find(" sig="));
    write_file(log, sctrace::test::log_of(
                        {kmsg_line({.serial = 1}, 1), kmsg_line({.serial = 2}, 5),
                         "4,6,1,-;kauditd_printk_skb: 108 callbacks suppressed",
                         "3,7,1,-;audit: audit_lost=3 audit_rate_limit=0 audit_backlog_limit=64", cut_one}));
    run(options());
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 2U);
    BOOST_TEST(ended->report.loss.kmsg_overwritten == 3U + 4U);
    BOOST_TEST(ended->report.loss.printk_suppressed == 108U);
    BOOST_TEST(ended->report.loss.truncated_records == 1U);
    BOOST_TEST(mentions(ended->report, "had lost 3 audit records"));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_cut_in_one_log_and_not_in_another_is_not_missing)
{
    const std::string whole = kmsg_line({.serial = 9}, 12);
    const std::string cut_one = whole.substr(0, whole.find(" sig="));
    const std::string audit = sctrace::test::audit_line({.serial = 9});
    for (const auto& lines :
         {sctrace::test::log_of({cut_one, audit}), sctrace::test::log_of({audit, cut_one}),
          sctrace::test::log_of({cut_one, cut_one, audit})}) {
        write_file(log, lines);
        run(options());
        BOOST_TEST(ended->report.counts.total() == 1U);
        BOOST_TEST(ended->report.loss.truncated_records == 0U);
    }
}

BOOST_AUTO_TEST_CASE(things_that_a_person_should_know_are_told)
{
    std::vector<std::string> notices;
    write_file(log, sctrace::test::log_of({"type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset",
                                           sctrace::test::journal_line({}), kmsg_line({})}));
    auto o = options();
    o.filter.since = sctrace::log_time(1s);
    o.on_notice = [&](std::string_view text) { notices.emplace_back(text); };
    run(o);
    BOOST_TEST((ended->ec == sctrace::error::malformed_record));
    BOOST_TEST(ended->report.counts.total() == 1U);
    BOOST_REQUIRE(notices.size() == 2U);
    BOOST_TEST(notices[0].starts_with("1 records were translated"));
    BOOST_TEST(notices[0] == ended->report.failure_message);
    BOOST_TEST(notices[1].starts_with("1 records without a time"));
    BOOST_TEST(mentions(ended->report, notices[1]));
}

BOOST_AUTO_TEST_CASE(more_calls_than_a_trace_tells_apart_are_an_error)
{
    std::string text;
    for (std::size_t i = 0; i <= sctrace::trace::max_distinct; ++i) {
        text += kmsg_line({.serial = i, .syscall = std::to_string(i)}) + '\n';
    }
    write_file(log, text);
    run(options());
    BOOST_TEST((ended->ec == sctrace::error::too_many_syscalls));
    BOOST_TEST(ended->report.counts.left_out() == 1U);
    BOOST_TEST(ended->report.counts.total() == sctrace::trace::max_distinct);
}

BOOST_AUTO_TEST_CASE(no_logs_are_a_mistake)
{
    auto o = options();
    o.logs.clear();
    run(o);
    BOOST_TEST((ended->ec == sctrace::error::invalid_options));
    BOOST_TEST(ended->report.failure_message == "name a log to read");
    BOOST_TEST(!fs::exists(path));
    run({});
    BOOST_TEST((ended->ec == sctrace::error::invalid_options));
}

BOOST_AUTO_TEST_CASE(zero_parts_at_once_are_one)
{
    auto o = options();
    o.parts_at_once = 0;
    run(o);
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(a_replayer_runs_once)
{
    replayer own(context.get(), options());
    std::optional<error_code> second;
    own.async_run(on_end());
    own.async_run([&](error_code ec, const report&) { second = ec; });
    context.run();
    BOOST_TEST(!ended->ec);
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST((*second == sctrace::error::already_running));
    own.async_run(on_end());
    context.run();
    BOOST_TEST((ended->ec == sctrace::error::already_running));
}

BOOST_AUTO_TEST_CASE(a_moved_replayer_runs)
{
    replayer first(context.get(), options());
    replayer second(std::move(first));
    second.async_run(on_end());
    context.run();
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replayer_failures, with_replayer)

BOOST_AUTO_TEST_CASE(running_out_of_memory_ends_the_run)
{
    auto o = options();
    o.on_events = [](std::string_view) { throw std::bad_alloc(); };
    run(o);
    BOOST_TEST((ended->ec == boost::system::errc::not_enough_memory));
    BOOST_TEST(ended->report.failure_message == "out of memory");
}

BOOST_AUTO_TEST_CASE(a_log_that_is_missing_keeps_no_other_from_being_read)
{
    std::vector<std::string> notices;
    auto o = options();
    o.logs = {folder.file("missing"), log, folder.path()};
    o.on_notice = [&](std::string_view text) { notices.emplace_back(text); };
    run(o);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(ended->report.failure_message.find("missing") != std::string::npos);
    BOOST_TEST(notices.size() == 2U);
    BOOST_TEST(ended->report.counts.total() == 3U);
    BOOST_TEST(read_file(path) == trace_of_three);
    BOOST_TEST(mentions(ended->report, folder.path()));
}

BOOST_AUTO_TEST_CASE(an_earlier_trace_stays_where_no_log_could_be_opened)
{
    auto o = options();
    o.logs = {folder.file("missing")};
    run(o);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(fs::exists(path));
    BOOST_TEST(read_file(path).empty());
    write_file(path, "an earlier trace\n");
    run(o);
    BOOST_TEST(read_file(path) == "an earlier trace\n");
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_told_before_anything_is_read)
{
    auto o = options();
    o.output = folder.file("no/such/folder/trace");
    o.on_opened = [](std::string_view) { BOOST_ERROR("a log was opened"); };
    run(o);
    BOOST_TEST(ended->ec.value() == ENOENT);
    BOOST_TEST(ended->report.failure_message.find(o.output) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_output_that_fails_at_the_end_is_an_error_with_the_report)
{
    auto o = options();
    o.output = "/dev/full";
    run(o);
    BOOST_TEST(ended->ec.value() == ENOSPC);
    BOOST_TEST(ended->report.failure_message.find("/dev/full") != std::string::npos);
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(a_log_that_is_cut_off_in_its_compressed_data_is_an_error_with_the_report)
{
    // A member of gzip whose data has not begun.
    write_file(folder.file("log.gz"), std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10));
    auto o = options();
    o.logs = {folder.file("log.gz"), log};
    run(o);
    BOOST_TEST((ended->ec == sctrace::error::truncated_gzip));
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replayer_tokens, with_replayer)

BOOST_AUTO_TEST_CASE(a_future)
{
    replayer own(context.get(), options());
    auto future = own.async_run(asio::use_future);
    context.run();
    BOOST_TEST(future.get().counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(an_awaitable_and_a_tuple)
{
    std::uint64_t total = 0;
    error_code ec;
    auto course = [&]() -> asio::awaitable<void> {
        replayer own(co_await asio::this_coro::executor, options());
        const report first = co_await own.async_run();
        total = first.counts.total();
        const auto second = co_await own.async_run(asio::as_tuple(asio::use_awaitable));
        ec = std::get<0>(second);
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(total == 3U);
    BOOST_TEST((ec == sctrace::error::already_running));
}

BOOST_AUTO_TEST_CASE(a_deferred_operation_begins_when_it_is_called)
{
    replayer own(context.get(), options());
    auto operation = own.async_run(asio::deferred);
    context.run();
    BOOST_TEST(!fs::exists(path));
    std::move(operation)(on_end());
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(a_concrete_executor_and_its_default_token)
{
    using token = asio::use_awaitable_t<>;
    using replayer_type = token::as_default_on_t<replayer>;
    std::uint64_t total = 0;
    auto course = [&]() -> asio::awaitable<void> {
        const asio::any_io_executor ex = co_await asio::this_coro::executor;
        replayer_type own(replayer_type::executor_type(ex), options());
        const report r = co_await own.async_run();
        total = r.counts.total();
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(total == 3U);
    sctrace::basic_replayer<io_executor> concrete(context.get(), options());
    concrete.async_run(on_end());
    context.run();
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor_and_never_within_the_initiating_function)
{
    auto strand = asio::make_strand(context.get_executor());
    bool on_strand = false;
    bool initiated = false;
    bool completed_after = false;
    replayer own(context.get(), options());
    asio::post(strand, [&] {
        own.async_run(asio::bind_executor(strand, [&](error_code, const report&) {
            on_strand = strand.running_in_this_thread();
            completed_after = initiated;
        }));
        initiated = true;
    });
    context.run();
    BOOST_TEST(on_strand);
    BOOST_TEST(completed_after);
}

BOOST_AUTO_TEST_CASE(the_handlers_allocator_is_used)
{
    sctrace::basic_replayer<io_executor> own(context.get(), options());
    sctrace::test::counting_allocator_state counted;
    own.async_run(asio::bind_allocator(sctrace::test::counting_allocator<char>(counted), on_end()));
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->report.counts.total() == 3U);
    BOOST_TEST(counted.allocations > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replayer_stops, with_replayer)

BOOST_AUTO_TEST_CASE(a_stop_before_the_run_reads_nothing)
{
    replayer own(context.get(), options());
    own.request_stop();
    own.async_run(on_end());
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST((ended->ec == sctrace::error::stopped_early));
    BOOST_TEST(ended->report.counts.total() == 0U);
}

BOOST_DATA_TEST_CASE(cancellation_ends_it, data::make({true, false}), terminal)
{
    const std::string fifo = folder.file("fifo");
    const endless_fifo pipe(fifo);
    auto o = options();
    o.logs = {fifo};
    bool read = false;
    o.on_progress = [&](const sctrace::replay_progress&) { read = true; };
    replayer own(context.get(), o);
    asio::cancellation_signal signal;
    own.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    BOOST_REQUIRE(pipe.write(kmsg_line({}) + '\n'));
    BOOST_REQUIRE(context.run_until([&] { return read; }));
    BOOST_TEST(!ended.has_value());
    signal.emit(terminal ? asio::cancellation_type::terminal : asio::cancellation_type::partial);
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST((ended->ec == (terminal ? error_code(asio::error::operation_aborted) : error_code())));
    BOOST_TEST(ended->report.failure_message == (terminal ? "the replay was cancelled" : ""));
    BOOST_TEST(ended->report.counts.total() == 1U);
    BOOST_TEST(read_file(path).find("\"count\":1}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(total_cancellation_is_ignored)
{
    replayer own(context.get(), options());
    asio::cancellation_signal signal;
    own.async_run(asio::bind_cancellation_slot(signal.slot(), on_end()));
    signal.emit(asio::cancellation_type::total);
    context.run();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(!ended->ec);
    BOOST_TEST(ended->report.counts.total() == 3U);
}

BOOST_AUTO_TEST_CASE(cancellation_at_each_step_completes)
{
    for (int steps = 0; steps < 40; ++steps) {
        replayer own(context.get(), options());
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        own.async_run(
            asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, const report&) { result = ec; }));
        for (int i = 0; i < steps && !result; ++i) {
            context.get().restart();
            context.get().poll_one();
        }
        signal.emit(asio::cancellation_type::terminal);
        context.run();
        BOOST_REQUIRE(result.has_value());
        BOOST_TEST((!*result || *result == asio::error::operation_aborted));
    }
}

BOOST_AUTO_TEST_CASE(destroying_the_object_and_assigning_over_it_stop_the_run)
{
    const std::string fifo = folder.file("fifo");
    const endless_fifo pipe(fifo);
    auto o = options();
    o.logs = {fifo};
    for (const bool assign : {false, true}) {
        ended.reset();
        std::optional<replayer> own(std::in_place, context.get(), o);
        own->async_run(on_end());
        context.get().restart();
        context.get().poll();
        BOOST_TEST(!ended.has_value());
        if (assign) {
            *own = replayer(context.get());
        } else {
            own.reset();
        }
        context.run();
        BOOST_REQUIRE(ended.has_value());
        BOOST_TEST(!ended->ec);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replayer_threads, with_log)

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_ends_the_reading_of_a_silent_pipe)
{
    const std::string fifo = folder.file("fifo");
    const endless_fifo pipe(fifo);
    for (int i = 0; i < 30; ++i) {
        asio::thread_pool pool(3);
        auto o = options();
        o.logs = {fifo};
        std::promise<void> opened;
        o.on_opened = [&](std::string_view) { opened.set_value(); };
        replayer own(pool.get_executor(), o);
        auto running = start(own);
        std::jthread other([&] {
            opened.get_future().wait();
            std::this_thread::sleep_for(std::chrono::microseconds(37 * i));
            own.request_stop();
        });
        const auto result = result_of(std::move(running));
        pool.join();
        BOOST_TEST(!result.ec, result.ec << ' ' << result.report.failure_message);
    }
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_reading_of_a_pipe_that_is_never_empty)
{
    const std::string fifo = folder.file("fifo");
    const endless_fifo pipe(fifo);
    asio::thread_pool pool(3);
    std::atomic<int> parts = 0;
    auto o = options();
    o.logs = {fifo};
    o.parts_at_once = 4;
    o.on_progress = [&](const sctrace::replay_progress& p) { parts += p.size.has_value() ? 100 : 1; };
    replayer own(pool.get_executor(), o);
    auto running = start(own);
    std::uint64_t written = 0;
    const std::string line = kmsg_line({}) + '\n';
    const auto end = std::chrono::steady_clock::now() + sctrace::test::deadline;
    while (parts < 3 && std::chrono::steady_clock::now() < end) {
        pipe.write(line) ? static_cast<void>(++written) : std::this_thread::yield();
    }
    own.request_stop();
    const auto result = result_of(std::move(running));
    pool.join();
    BOOST_TEST(!result.ec);
    BOOST_TEST(parts >= 3);
    BOOST_TEST(parts < 100);
    // All have the same stamp.
    BOOST_TEST(result.report.counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stop_in_the_middle_of_a_file_tells_that_it_came_early)
{
    write_file(log, big_log(12'000'000));
    asio::thread_pool pool(4);
    std::promise<void> first_part;
    std::promise<void> stopped;
    auto is_stopped = stopped.get_future();
    std::atomic<int> parts = 0;
    auto o = options();
    o.parts_at_once = 3;
    o.on_progress = [&](const sctrace::replay_progress&) {
        if (++parts == 1) {
            first_part.set_value();
            is_stopped.wait();
        }
    };
    replayer own(pool.get_executor(), o);
    auto running = start(own);
    std::jthread other([&] {
        first_part.get_future().wait();
        own.request_stop();
        stopped.set_value();
    });
    const auto result = result_of(std::move(running));
    pool.join();
    BOOST_TEST((result.ec == sctrace::error::stopped_early));
    BOOST_TEST(result.report.failure_message == "stopped before the end of " + log);
    BOOST_TEST(parts >= 1);
    BOOST_TEST(parts < 10);
    BOOST_TEST(result.report.counts.total() > 0U);
    BOOST_TEST(read_file(path) == sctrace::to_ndjson(result.report.counts, x86_64));
}

BOOST_AUTO_TEST_CASE(events_come_in_the_files_order)
{
    const std::string text = big_log(9'000'000);
    write_file(log, text);
    std::vector<std::uint64_t> expected;
    for (std::uint64_t serial = 1; text.find(':' + std::to_string(serial) + "): ", 0) != std::string::npos;
         serial += 5000) {
        expected.push_back(serial);
    }
    std::string events;
    auto o = options();
    o.parts_at_once = 8;
    // Without a lock: it is called by one thread after the other.
    o.on_events = [&](std::string_view lines) { events += lines; };
    asio::thread_pool pool(4);
    replayer own(pool.get_executor(), o);
    const auto result = result_of(start(own));
    pool.join();
    BOOST_TEST(!result.ec);
    const auto serials = serials_in(events);
    BOOST_TEST(serials.size() == result.report.counts.total());
    BOOST_TEST(serials.size() > 20'000U);
    BOOST_TEST(expected.size() == (serials.size() - 1) / 5000 + 1);
    BOOST_TEST(std::is_sorted(serials.begin(), serials.end()));
    BOOST_TEST(serials.front() == 1U);
    BOOST_TEST(serials.back() == serials.size());
    BOOST_TEST(result.report.loss.kmsg_overwritten == 0U);
    BOOST_TEST(read_file(path) == sctrace::to_ndjson(result.report.counts, x86_64));
}

BOOST_AUTO_TEST_CASE(reports_are_the_same_however_often_it_runs)
{
    write_file(log, big_log(2'500'000));
    std::string first;
    for (int i = 0; i < 20; ++i) {
        asio::thread_pool pool(4);
        auto o = options();
        o.parts_at_once = 1 + static_cast<std::size_t>(i % 6);
        replayer own(pool.get_executor(), o);
        const auto result = result_of(start(own));
        pool.join();
        BOOST_TEST(!result.ec);
        const std::string said = sctrace::to_json(result.report) + read_file(path);
        if (i == 0) {
            first = said;
        }
        BOOST_TEST(said == first);
    }
}

BOOST_AUTO_TEST_CASE(what_the_receiver_of_events_throws_ends_the_run)
{
    write_file(log, big_log(9'000'000));
    for (const int fails_at : {1, 2, 5}) {
        std::atomic<int> calls = 0;
        auto o = options();
        o.parts_at_once = 8;
        o.on_events = [&](std::string_view) {
            if (++calls == fails_at) {
                throw system_error(error_code(ENOSPC, boost::system::system_category()), "the events");
            }
        };
        asio::thread_pool pool(4);
        replayer own(pool.get_executor(), o);
        const auto result = result_of(start(own));
        pool.join();
        BOOST_TEST(result.ec.value() == ENOSPC);
        BOOST_TEST(result.report.failure_message.starts_with("the events"));
        BOOST_TEST(calls == fails_at);
    }
}

BOOST_AUTO_TEST_CASE(any_other_exception_comes_out_of_the_context)
{
    asio::io_context own_context;
    auto o = options();
    o.on_events = [](std::string_view) { throw std::logic_error("a mistake of the receiver"); };
    replayer own(own_context, o);
    own.async_run([](error_code, const report&) { BOOST_ERROR("it completed"); });
    BOOST_CHECK_THROW(own_context.run_for(sctrace::test::deadline), std::logic_error);
}

BOOST_AUTO_TEST_CASE(cancellation_from_another_thread_is_proxied_to_the_strand)
{
    write_file(log, big_log(4'000'000));
    for (int i = 0; i < 20; ++i) {
        asio::thread_pool pool(4);
        auto o = options();
        o.parts_at_once = 4;
        replayer own(pool.get_executor(), o);
        auto strand = asio::make_strand(pool.get_executor());
        asio::cancellation_signal signal;
        std::promise<error_code> result;
        asio::post(strand, [&] {
            own.async_run(asio::bind_cancellation_slot(
                signal.slot(),
                asio::bind_executor(strand, [&](error_code ec, const report&) { result.set_value(ec); })));
        });
        std::this_thread::sleep_for(std::chrono::microseconds(200 * i));
        asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
        const error_code ec = result.get_future().get();
        BOOST_TEST((!ec || ec == asio::error::operation_aborted));
        pool.join();
    }
}

BOOST_AUTO_TEST_CASE(stops_from_many_threads_at_any_time_lose_nothing_that_was_told)
{
    write_file(log, big_log(4'000'000));
    for (int i = 0; i < 20; ++i) {
        asio::thread_pool pool(4);
        std::string events;
        auto o = options();
        o.parts_at_once = 4;
        o.on_events = [&](std::string_view lines) { events += lines; };
        replayer own(pool.get_executor(), o);
        auto running = start(own);
        std::vector<std::jthread> others;
        for (int t = 0; t < 3; ++t) {
            others.emplace_back([&own, i] {
                std::this_thread::sleep_for(std::chrono::microseconds(300 * i));
                own.request_stop();
            });
        }
        const auto result = result_of(std::move(running));
        others.clear();
        pool.join();
        BOOST_TEST((!result.ec || result.ec == sctrace::error::stopped_early));
        const auto serials = serials_in(events);
        BOOST_TEST(serials.size() == result.report.counts.total());
        BOOST_TEST(std::is_sorted(serials.begin(), serials.end()));
        BOOST_TEST((serials.empty() || serials.back() == serials.size()));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(replayer_destruction)

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step_of_reading_files)
{
    sctrace::test::temporary_folder folder;
    const std::string log = folder.file("log");
    const std::string path = folder.file("trace");
    write_file(log, big_log(1'200'000));
    for (int steps = 0; steps < 80; ++steps) {
        for (const bool replayer_first : {false, true}) {
            {
                asio::io_context context;
                replay_options o;
                o.logs = {log, log};
                o.output = path;
                o.parts_at_once = 3;
                auto own = std::make_unique<replayer>(context, o);
                own->async_run([](error_code, const report&) {});
                for (int i = 0; i < steps; ++i) {
                    context.poll_one();
                }
                if (replayer_first) {
                    own.reset();
                    context.poll_one();
                }
            }
            const auto text = read_file(path);
            BOOST_TEST((text.empty() || text.back() == '\n'));
            BOOST_TEST(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) <= 2);
            fs::remove(path);
        }
        steps += steps / 8;
    }
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step_of_reading_a_pipe)
{
    for (int steps = 0; steps < 30; ++steps) {
        sctrace::test::temporary_folder folder;
        const std::string fifo = folder.file("fifo");
        const endless_fifo pipe(fifo);
        asio::io_context context;
        replay_options o;
        o.logs = {fifo};
        o.output = folder.file("trace");
        replayer own(context, o);
        bool completed = false;
        own.async_run([&](error_code, const report&) { completed = true; });
        for (int i = 0; i < steps; ++i) {
            context.run_one_for(1ms);
            if (i % 5 == 0) {
                BOOST_REQUIRE(pipe.write(kmsg_line({}) + '\n'));
            }
        }
        BOOST_TEST(!completed);
    }
}

BOOST_AUTO_TEST_SUITE_END()
