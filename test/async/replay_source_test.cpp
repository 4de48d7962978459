#include "async/context.hpp"
#include "async/counting_allocator.hpp"
#include "async/read_one.hpp"
#include "common/logged_record.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/replay_source.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using boost::system::error_code;
using io_executor = asio::io_context::executor_type;
using sctrace::record_batch;
using sctrace::replay_source;
using sctrace::test::kmsg_line;
using sctrace::test::kmsg_log;
using sctrace::test::outcome;
using sctrace::test::read_one;

static_assert(sctrace::record_source<replay_source>);
static_assert(sctrace::record_source<sctrace::basic_replay_source<io_executor>>);
static_assert(std::is_same_v<replay_source, sctrace::basic_replay_source<asio::any_io_executor>>);
static_assert(std::is_same_v<replay_source::rebind_executor<io_executor>::other,
                             sctrace::basic_replay_source<io_executor>>);
static_assert(std::is_nothrow_move_constructible_v<replay_source>);
static_assert(!std::is_copy_constructible_v<replay_source>);
static_assert(std::is_constructible_v<replay_source, asio::io_context&>);
static_assert(std::is_constructible_v<replay_source, asio::any_io_executor>);

const std::array cancellations{asio::cancellation_type::terminal, asio::cancellation_type::partial,
                               asio::cancellation_type::total};

record_batch make_batch()
{
    return record_batch(record_batch::default_messages, replay_source::batch_bytes);
}

struct with_log {
    sctrace::test::checked_context context;
    sctrace::test::temporary_folder folder;
    std::string path = folder.file("log");
    replay_source source{context.get_executor()};
    record_batch batch = make_batch();

    with_log() { sctrace::test::write_file(path, kmsg_log(1, 3)); }
    ~with_log()
    {
        source.close();
        context.run();
    }
};

/// A source that reads from a pipe.
struct with_pipe {
    sctrace::test::checked_context context;
    int writer = -1;
    replay_source source{context.get_executor()};
    record_batch batch = make_batch();

    with_pipe()
    {
        int ends[2] = {-1, -1};
        BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        writer = ends[1];
        BOOST_REQUIRE(source.assign(ends[0], "pipe").has_value());
    }
    ~with_pipe()
    {
        close_writer();
        source.close();
        context.run();
    }

    void write(const std::string& text)
    {
        BOOST_REQUIRE(::write(writer, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }

    void close_writer()
    {
        if (writer >= 0) {
            ::close(std::exchange(writer, -1));
        }
    }
};

/// More parts than there are readers.
const std::string& big_log()
{
    static const std::string text = kmsg_log(1, 40'000);
    return text;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(replay_source_files, with_log)

BOOST_AUTO_TEST_CASE(a_file_is_read_to_its_end)
{
    BOOST_REQUIRE(source.open(path).has_value());
    BOOST_TEST(source.is_open());
    BOOST_TEST(!source.is_stream());
    BOOST_TEST(*source.size() == kmsg_log(1, 3).size());
    BOOST_TEST(source.position() == 0U);
    const auto read = read_one(context, source, batch);
    BOOST_TEST(!read.ec);
    BOOST_TEST(read.messages == 3U);
    BOOST_TEST(batch.messages().size() == 3U);
    BOOST_TEST(source.position() == *source.size());
    for (int i = 0; i < 2; ++i) {
        const auto end = read_one(context, source, batch);
        BOOST_TEST((end.ec == asio::error::eof));
        BOOST_TEST(end.messages == 0U);
    }
    BOOST_TEST(!source.problem().has_value());
}

BOOST_AUTO_TEST_CASE(only_the_wanted_format_is_read)
{
    BOOST_REQUIRE(source.open(path, sctrace::log_format::syslog).has_value());
    const auto read = read_one(context, source, batch);
    BOOST_TEST(!read.ec);
    BOOST_TEST(read.messages == 0U);
}

BOOST_AUTO_TEST_CASE(without_an_open_log_nothing_is_read)
{
    BOOST_TEST(!source.is_open());
    BOOST_TEST(!source.is_stream());
    BOOST_TEST(!source.size().has_value());
    BOOST_TEST(source.position() == 0U);
    BOOST_TEST(!source.problem().has_value());
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::bad_descriptor));
    source.cancel();
    source.close();
}

BOOST_AUTO_TEST_CASE(a_log_that_cannot_be_opened_closes_the_one_before)
{
    BOOST_REQUIRE(source.open(path).has_value());
    const auto opened = source.open(folder.file("missing"));
    BOOST_REQUIRE(opened.has_error());
    BOOST_TEST(opened.error().code.value() == ENOENT);
    BOOST_TEST(opened.error().message.find(folder.file("missing")) != std::string::npos);
    BOOST_TEST(!source.is_open());
    BOOST_TEST((source.open(folder.path()).error().code.value() == EISDIR));
    BOOST_TEST((source.assign(-1, "none").has_error()));
}

BOOST_AUTO_TEST_CASE(another_log_can_be_opened_after_the_first)
{
    sctrace::test::write_file(folder.file("other"), kmsg_log(10, 7));
    BOOST_REQUIRE(source.open(path).has_value());
    BOOST_TEST(read_one(context, source, batch).messages == 3U);
    BOOST_REQUIRE(source.open(folder.file("other")).has_value());
    BOOST_TEST(read_one(context, source, batch).messages == 7U);
}

BOOST_AUTO_TEST_CASE(a_part_that_cannot_be_read_is_an_error_and_the_next_is_read)
{
    sctrace::test::write_file(path, big_log());
    const int log = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    BOOST_REQUIRE(source.assign(log, "log").has_value());
    const int good = ::dup(log);
    const int bad = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    BOOST_REQUIRE(::dup2(bad, log) == log);
    const auto failed = read_one(context, source, batch);
    BOOST_TEST((failed.ec == boost::system::errc::io_error));
    BOOST_TEST(failed.messages == 0U);
    BOOST_REQUIRE(::dup2(good, log) == log);
    const auto next = read_one(context, source, batch);
    BOOST_TEST(!next.ec);
    BOOST_TEST(batch.part().number == 1U);
    BOOST_REQUIRE(source.problem().has_value());
    BOOST_TEST(source.problem()->code.value() == EBADF);
    ::close(good);
    ::close(bad);
}

BOOST_AUTO_TEST_CASE(completion_never_comes_within_the_initiating_function)
{
    BOOST_REQUIRE(source.open(path).has_value());
    bool initiated = false;
    std::vector<bool> seen;
    const auto note = [&](error_code, std::size_t) { seen.push_back(initiated); };
    asio::post(context.get(), [&] {
        // A thread of the context may run handlers at once.
        source.async_read_batch(batch, note);
        source.cancel();
        source.async_read_batch(batch, note);
        source.close();
        source.async_read_batch(batch, note);
        initiated = true;
    });
    context.run();
    BOOST_TEST(seen == std::vector<bool>({true, true, true}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_cancellation_ends_a_read_that_has_not_begun)
{
    BOOST_REQUIRE(source.open(path).has_value());
    for (const auto type : cancellations) {
        asio::cancellation_signal signal;
        std::optional<outcome> result;
        source.async_read_batch(
            batch, asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t n) {
                result = {ec, n};
            }));
        signal.emit(type);
        context.run();
        BOOST_REQUIRE(result.has_value());
        BOOST_TEST((result->ec == asio::error::operation_aborted));
        BOOST_TEST(result->messages == 0U);
    }
    // Nothing was read meanwhile.
    BOOST_TEST(read_one(context, source, batch).messages == 3U);
}

BOOST_AUTO_TEST_CASE(cancel_ends_all_operations_and_the_reading)
{
    BOOST_REQUIRE(source.open(path).has_value());
    std::vector<error_code> ends;
    std::vector<record_batch> batches;
    for (int i = 0; i < 3; ++i) {
        batches.push_back(make_batch());
    }
    for (record_batch& b : batches) {
        source.async_read_batch(b, [&](error_code ec, std::size_t) { ends.push_back(ec); });
    }
    source.cancel();
    context.run();
    BOOST_TEST(ends.size() == 3U);
    for (const error_code& ec : ends) {
        BOOST_TEST((ec == asio::error::operation_aborted));
    }
    BOOST_TEST(source.is_open());
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(closing_and_destroying_end_all_operations)
{
    for (const bool destroy : {false, true}) {
        std::vector<error_code> ends;
        std::vector<record_batch> batches;
        auto own = std::make_unique<replay_source>(context.get());
        BOOST_REQUIRE(own->open(path).has_value());
        for (int i = 0; i < 3; ++i) {
            batches.push_back(make_batch());
        }
        for (record_batch& b : batches) {
            own->async_read_batch(b, [&](error_code ec, std::size_t) { ends.push_back(ec); });
        }
        if (destroy) {
            own.reset();
        } else {
            own->close();
            BOOST_TEST(!own->is_open());
        }
        context.run();
        BOOST_TEST(ends.size() == 3U);
        for (const error_code& ec : ends) {
            BOOST_TEST((ec == asio::error::operation_aborted));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_moved_source_reads_on_and_what_is_outstanding_completes)
{
    sctrace::test::write_file(path, big_log());
    BOOST_REQUIRE(source.open(path).has_value());
    std::optional<outcome> first;
    source.async_read_batch(batch, [&](error_code ec, std::size_t n) { first = {ec, n}; });
    replay_source other(std::move(source));
    BOOST_TEST(other.is_open());
    auto second = make_batch();
    BOOST_TEST(!read_one(context, other, second).ec);
    BOOST_REQUIRE(context.run_until([&] { return first.has_value(); }));
    BOOST_TEST(!first->ec);
    BOOST_TEST(batch.part().number + second.part().number == 1U);
    source = std::move(other);
    BOOST_TEST(!read_one(context, source, batch).ec);
    BOOST_TEST(batch.part().number == 2U);
}

BOOST_AUTO_TEST_CASE(assigning_over_a_source_ends_what_it_read)
{
    BOOST_REQUIRE(source.open(path).has_value());
    std::optional<error_code> result;
    source.async_read_batch(batch, [&](error_code ec, std::size_t) { result = ec; });
    source = replay_source(context.get_executor());
    context.run();
    BOOST_REQUIRE(result.has_value());
    BOOST_TEST((*result == asio::error::operation_aborted));
    BOOST_TEST(!source.is_open());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replay_source_pipes, with_pipe)

BOOST_AUTO_TEST_CASE(a_pipe_is_waited_for)
{
    BOOST_TEST(source.is_stream());
    BOOST_TEST(!source.size().has_value());
    std::optional<outcome> result;
    source.async_read_batch(batch, [&](error_code ec, std::size_t n) { result = {ec, n}; });
    context.get().poll();
    BOOST_TEST(!result.has_value());
    const std::string text = kmsg_log(1, 2);
    write(text);
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST(!result->ec);
    BOOST_TEST(result->messages == 2U);
    BOOST_TEST(source.position() == text.size());
}

BOOST_AUTO_TEST_CASE(the_end_is_told_after_the_last_line)
{
    write(kmsg_line({}));
    close_writer();
    BOOST_TEST(read_one(context, source, batch).messages == 1U);
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(every_cancellation_ends_a_wait)
{
    for (const auto type : cancellations) {
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        source.async_read_batch(batch, asio::bind_cancellation_slot(
                                           signal.slot(), [&](error_code ec, std::size_t) { result = ec; }));
        context.get().restart();
        context.get().poll();
        BOOST_TEST(!result.has_value());
        signal.emit(type);
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        BOOST_TEST((*result == asio::error::operation_aborted));
    }
    write(kmsg_log(1, 1));
    BOOST_TEST(read_one(context, source, batch).messages == 1U);
}

BOOST_AUTO_TEST_CASE(every_cancellation_ends_a_read_that_has_not_begun_to_wait)
{
    for (const auto type : cancellations) {
        asio::cancellation_signal signal;
        std::optional<error_code> result;
        source.async_read_batch(batch, asio::bind_cancellation_slot(
                                           signal.slot(), [&](error_code ec, std::size_t) { result = ec; }));
        signal.emit(type);
        BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
        BOOST_TEST((*result == asio::error::operation_aborted));
    }
}

BOOST_AUTO_TEST_CASE(cancel_ends_a_wait_and_the_reading)
{
    std::optional<error_code> result;
    source.async_read_batch(batch, [&](error_code ec, std::size_t) { result = ec; });
    context.get().poll();
    source.cancel();
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
    write(kmsg_log(1, 1));
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::operation_aborted));
}

BOOST_DATA_TEST_CASE(closing_and_destroying_end_a_wait, data::make({false, true}), destroy)
{
    std::optional<error_code> result;
    auto own = std::make_unique<replay_source>(std::move(source));
    own->async_read_batch(batch, [&](error_code ec, std::size_t) { result = ec; });
    context.get().poll();
    BOOST_TEST(!result.has_value());
    destroy ? own.reset() : own->close();
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST((*result == asio::error::operation_aborted));
    // Nobody holds the reading end any more.
    BOOST_TEST(::fcntl(writer, F_GETFD) != -1);
    pollfd broken{writer, 0, 0};
    BOOST_TEST(::poll(&broken, 1, 0) == 1);
    BOOST_TEST((broken.revents & POLLERR) != 0);
}

BOOST_AUTO_TEST_CASE(a_fifo_without_a_writer_is_waited_for)
{
    sctrace::test::temporary_folder folder;
    const std::string path = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    BOOST_REQUIRE(source.open(path).has_value());
    std::optional<outcome> result;
    source.async_read_batch(batch, [&](error_code ec, std::size_t n) { result = {ec, n}; });
    context.get().poll();
    BOOST_TEST(!result.has_value());
    sctrace::test::write_file(path, kmsg_log(1, 2));
    BOOST_REQUIRE(context.run_until([&] { return result.has_value(); }));
    BOOST_TEST(!result->ec);
    BOOST_TEST(result->messages == 2U);
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(what_is_no_text_ends_with_a_problem)
{
    write(std::string("\x28\xb5\x2f\xfd") + std::string(200, 'x'));
    BOOST_TEST((read_one(context, source, batch).ec == asio::error::eof));
    BOOST_REQUIRE(source.problem().has_value());
    BOOST_TEST((source.problem()->code == sctrace::error::unreadable_log));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replay_source_tokens, with_log)

BOOST_AUTO_TEST_CASE(a_future)
{
    BOOST_REQUIRE(source.open(path).has_value());
    // A future's handlers run on threads of the system's, each operation needs the batch for itself.
    auto read = source.async_read_batch(batch, asio::use_future);
    BOOST_TEST(read.get() == 3U);
    auto end = source.async_read_batch(batch, asio::use_future);
    BOOST_CHECK_EXCEPTION(end.get(), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::eof; });
}

BOOST_AUTO_TEST_CASE(an_awaitable_a_tuple_and_the_default_token)
{
    BOOST_REQUIRE(source.open(path).has_value());
    std::size_t messages = 0;
    error_code end;
    bool thrown = false;
    auto course = [&]() -> asio::awaitable<void> {
        messages = co_await source.async_read_batch(batch);
        const auto [ec, n] = co_await source.async_read_batch(batch, asio::as_tuple(asio::use_awaitable));
        messages += n;
        end = ec;
        try {
            co_await source.async_read_batch(batch, asio::use_awaitable);
        } catch (const boost::system::system_error& e) {
            thrown = e.code() == asio::error::eof;
        }
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(messages == 3U);
    BOOST_TEST((end == asio::error::eof));
    BOOST_TEST(thrown);
}

BOOST_AUTO_TEST_CASE(a_deferred_operation_begins_when_it_is_called)
{
    BOOST_REQUIRE(source.open(path).has_value());
    auto operation = source.async_read_batch(batch, asio::deferred);
    context.run();
    BOOST_TEST(source.position() == 0U);
    std::optional<outcome> result;
    std::move(operation)([&](error_code ec, std::size_t n) { result = {ec, n}; });
    context.run();
    BOOST_REQUIRE(result.has_value());
    BOOST_TEST(!result->ec);
    BOOST_TEST(result->messages == 3U);
}

BOOST_AUTO_TEST_CASE(the_executors_default_token_is_used)
{
    using own_source = asio::use_awaitable_t<>::as_default_on_t<replay_source>;
    std::size_t messages = 0;
    auto course = [&]() -> asio::awaitable<void> {
        const asio::any_io_executor ex = co_await asio::this_coro::executor;
        own_source own{own_source::executor_type(ex)};
        if (own.open(path)) {
            messages = co_await own.async_read_batch(batch);
        }
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(messages == 3U);
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor)
{
    BOOST_REQUIRE(source.open(path).has_value());
    auto strand = asio::make_strand(context.get_executor());
    int on_strand = 0;
    const auto note = [&] {
        return asio::bind_executor(
            strand, [&](error_code, std::size_t) { on_strand += strand.running_in_this_thread() ? 1 : 0; });
    };
    source.async_read_batch(batch, note());
    context.run();
    source.cancel();
    source.async_read_batch(batch, note());
    context.run();
    source.close();
    source.async_read_batch(batch, note());
    context.run();
    BOOST_TEST(on_strand == 3);
}

BOOST_AUTO_TEST_CASE(the_handlers_allocator_is_used)
{
    sctrace::basic_replay_source<io_executor> own(context.get());
    BOOST_REQUIRE(own.open(path).has_value());
    sctrace::test::counting_allocator_state counted;
    std::optional<outcome> result;
    own.async_read_batch(batch, asio::bind_allocator(sctrace::test::counting_allocator<char>(counted),
                                                     [&](error_code ec, std::size_t n) {
                                                         result = {ec, n};
                                                     }));
    context.run();
    BOOST_REQUIRE(result.has_value());
    BOOST_TEST(result->messages == 3U);
    BOOST_TEST(counted.allocations > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(replay_source_threads)

BOOST_AUTO_TEST_CASE(several_operations_on_several_threads_read_each_part_once)
{
    sctrace::test::temporary_folder folder;
    const std::string path = folder.file("log");
    sctrace::test::write_file(path, big_log());
    asio::thread_pool pool(4);
    replay_source source(pool.get_executor());
    BOOST_REQUIRE(source.open(path).has_value());
    std::mutex mutex;
    std::map<std::uint64_t, std::size_t> parts;
    std::uint64_t bytes = 0;
    auto read = [&]() -> asio::awaitable<error_code> {
        auto batch = make_batch();
        for (;;) {
            const auto [ec, n] = co_await source.async_read_batch(batch, asio::as_tuple(asio::use_awaitable));
            if (ec) {
                co_return ec;
            }
            const std::lock_guard lock(mutex);
            parts[batch.part().number] += n;
            bytes += batch.part().bytes;
        }
    };
    std::vector<std::future<error_code>> readers;
    for (int i = 0; i < 6; ++i) {
        readers.push_back(asio::co_spawn(pool, read(), asio::use_future));
    }
    for (auto& reader : readers) {
        BOOST_TEST((reader.get() == asio::error::eof));
    }
    pool.join();
    std::size_t messages = 0;
    for (const auto& [number, n] : parts) {
        messages += n;
    }
    BOOST_TEST(messages == 40'000U);
    BOOST_TEST(bytes == big_log().size());
    BOOST_TEST(parts.rbegin()->first == parts.size() - 1);
    BOOST_TEST(source.position() == bytes);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(replay_source_destruction)

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step_of_reading_a_file)
{
    sctrace::test::temporary_folder folder;
    const std::string path = folder.file("log");
    sctrace::test::write_file(path, big_log().substr(0, 3'000'000));
    for (int steps = 0; steps < 12; ++steps) {
        for (const bool source_first : {true, false}) {
            std::vector<record_batch> batches;
            int completed = 0;
            {
                asio::io_context context;
                auto source = std::make_unique<replay_source>(context);
                BOOST_REQUIRE(source->open(path).has_value());
                for (int i = 0; i < 3; ++i) {
                    batches.push_back(make_batch());
                }
                for (record_batch& batch : batches) {
                    source->async_read_batch(batch, [&](error_code, std::size_t) { ++completed; });
                }
                if (source_first) {
                    source.reset();
                }
                for (int i = 0; i < steps; ++i) {
                    context.poll_one();
                }
            }
            BOOST_TEST(completed <= steps);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_after_any_step_of_reading_a_pipe)
{
    for (int steps = 0; steps < 12; ++steps) {
        for (const bool with_data : {true, false}) {
            for (const bool source_first : {true, false}) {
                int ends[2] = {-1, -1};
                BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
                auto batch = make_batch();
                {
                    asio::io_context context;
                    auto source = std::make_unique<replay_source>(context);
                    BOOST_REQUIRE(source->assign(ends[0], "pipe").has_value());
                    source->async_read_batch(batch, [&](error_code, std::size_t) {});
                    const std::string text = kmsg_log(1, 2);
                    for (int i = 0; i < steps; ++i) {
                        context.run_one_for(std::chrono::milliseconds(1));
                        if (i == 2 && with_data) {
                            BOOST_REQUIRE(::write(ends[1], text.data(), text.size()) > 0);
                        }
                    }
                    if (source_first) {
                        source.reset();
                        context.run_one_for(std::chrono::milliseconds(steps % 2));
                    }
                }
                ::close(ends[1]);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
