#include "async/context.hpp"
#include "async/counting_allocator.hpp"
#include "async/entry_pair.hpp"

#include <sctrace/sctrace.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <type_traits>
#include <utility>

namespace {

namespace asio = boost::asio;
using io_executor = asio::io_context::executor_type;
using sctrace::test::counting_allocator;
using sctrace::test::counting_allocator_state;

static_assert(sctrace::record_source<sctrace::kmsg_source>);
static_assert(sctrace::record_source<sctrace::basic_kmsg_source<io_executor>>);
static_assert(sctrace::record_source<sctrace::audit_source>);
static_assert(std::is_same_v<sctrace::kmsg_source, sctrace::basic_kmsg_source<asio::any_io_executor>>);
static_assert(std::is_same_v<sctrace::aggregator, sctrace::basic_aggregator<asio::any_io_executor>>);
static_assert(std::is_same_v<sctrace::recorder, sctrace::basic_recorder<asio::any_io_executor>>);
static_assert(std::is_nothrow_move_constructible_v<sctrace::recorder>);
static_assert(std::is_move_constructible_v<sctrace::kmsg_source>);
static_assert(!std::is_copy_constructible_v<sctrace::recorder>);
static_assert(std::is_constructible_v<sctrace::recorder, asio::io_context&>);
static_assert(std::is_constructible_v<sctrace::recorder, asio::any_io_executor>);
static_assert(std::is_constructible_v<sctrace::aggregator, asio::io_context&>);
static_assert(std::is_constructible_v<sctrace::kmsg_source, asio::io_context&>);

sctrace::recorder_options options_for(sctrace::test::entry_pair& pair)
{
    sctrace::recorder_options o;
    o.pids = {42};
    o.kmsg_descriptor = pair.take_reader();
    pair.write_call(42, 0);
    pair.close_writer();
    return o;
}

} // namespace

BOOST_AUTO_TEST_SUITE(asio_api)

BOOST_AUTO_TEST_CASE(a_recorder_can_be_awaited_with_the_default_token)
{
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    std::uint64_t total = 0;
    auto course = [&]() -> asio::awaitable<void> {
        const auto options = options_for(pair);
        sctrace::recorder recorder(co_await asio::this_coro::executor, options);
        const sctrace::report report = co_await recorder.async_run();
        total = report.counts.total();
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(total == 1U);
}

BOOST_AUTO_TEST_CASE(the_executors_default_token_is_used)
{
    using token = asio::use_awaitable_t<>;
    using recorder_type = token::as_default_on_t<sctrace::recorder>;
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    std::uint64_t total = 0;
    auto course = [&]() -> asio::awaitable<void> {
        const auto options = options_for(pair);
        const asio::any_io_executor ex = co_await asio::this_coro::executor;
        recorder_type recorder(recorder_type::executor_type(ex), options);
        const sctrace::report report = co_await recorder.async_run();
        total = report.counts.total();
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(total == 1U);
}

BOOST_AUTO_TEST_CASE(a_recorder_on_a_concrete_executor_gives_a_future)
{
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    sctrace::basic_recorder<io_executor> recorder(context.get(), options_for(pair));
    auto future = recorder.async_run(asio::use_future);
    context.run();
    BOOST_TEST(future.get().counts.total() == 1U);
}

BOOST_AUTO_TEST_CASE(the_handlers_allocator_is_used)
{
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    // The type-erased executor knows no allocators; a concrete one takes the handler's.
    sctrace::basic_recorder<io_executor> recorder(context.get(), options_for(pair));
    counting_allocator_state counted;
    bool completed = false;
    recorder.async_run(
        asio::bind_allocator(counting_allocator<char>(counted),
                             [&](boost::system::error_code, const sctrace::report&) { completed = true; }));
    context.run();
    BOOST_TEST(completed);
    BOOST_TEST(counted.allocations > 0U);
}

BOOST_AUTO_TEST_CASE(source_and_aggregator_make_a_recorder_of_ones_own)
{
    sctrace::test::checked_context context;
    sctrace::test::entry_pair pair;
    for (int i = 0; i < 5; ++i) {
        pair.write_call(42, i);
    }
    std::size_t messages = 0;
    std::uint64_t total = 0;
    auto course = [&]() -> asio::awaitable<void> {
        const auto ex = co_await asio::this_coro::executor;
        sctrace::kmsg_source source(ex, pair.take_reader());
        sctrace::aggregator aggregator(ex);
        sctrace::record_batch batch;
        messages = co_await source.async_read_batch(batch);
        std::vector<sctrace::syscall_key> calls;
        for (const auto& message : batch.messages()) {
            const auto header = sctrace::parse_audit_record(message.text);
            const auto record = sctrace::parse_seccomp_record(header.value());
            const auto arch = sctrace::architecture::of_call(record->arch.value(), record->syscall);
            calls.push_back({arch, record->syscall});
        }
        co_await aggregator.async_add(calls);
        const sctrace::trace counts = co_await aggregator.async_snapshot();
        total = counts.total();
    };
    asio::co_spawn(context.get(), course(), asio::detached);
    context.run();
    BOOST_TEST(messages == 5U);
    BOOST_TEST(total == 5U);
}

BOOST_AUTO_TEST_SUITE_END()
