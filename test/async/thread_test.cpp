#include "async/context.hpp"
#include "async/entry_pair.hpp"
#include "common/temporary_folder.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using sctrace::syscall_key;

const sctrace::architecture x86_64(0xc000003e);

/// What a parser does: batches of records to the aggregator, one after the other.
asio::awaitable<void> parse(sctrace::aggregator& aggregator, std::int64_t number, int batches, int per_batch)
{
    const std::vector<syscall_key> calls(static_cast<std::size_t>(per_batch), syscall_key{x86_64, number});
    for (int i = 0; i < batches; ++i) {
        co_await aggregator.async_add(calls, asio::use_awaitable);
    }
}

/// Reads one source to its end, parses and feeds the aggregator; returns what ended it.
/** Boost.Test's checks are for the main thread only. */
asio::awaitable<error_code> pump(int descriptor, sctrace::aggregator& aggregator)
{
    const auto ex = co_await asio::this_coro::executor;
    sctrace::kmsg_source source(ex, descriptor);
    sctrace::record_batch batch;
    std::vector<syscall_key> calls;
    try {
        for (;;) {
            co_await source.async_read_batch(batch, asio::use_awaitable);
            calls.clear();
            for (const auto& message : batch.messages()) {
                const auto header = sctrace::parse_audit_record(message.text);
                calls.push_back({x86_64, sctrace::parse_seccomp_record(header.value())->syscall});
            }
            co_await aggregator.async_add(calls, asio::use_awaitable);
        }
    } catch (const boost::system::system_error& e) {
        co_return e.code();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(many_parsers_on_many_threads_lose_no_count)
{
    constexpr int parsers = 16;
    constexpr int batches = 50;
    constexpr int per_batch = 100;
    sctrace::test::temporary_folder folder;
    asio::thread_pool pool(8);
    sctrace::aggregator_options options{*sctrace::trace_file::prepare(folder.file("trace")), x86_64};
    sctrace::aggregator aggregator(pool.get_executor(), options);
    asio::cancellation_signal stop;
    auto flushing = asio::make_strand(pool.get_executor());
    asio::post(flushing, [&] {
        aggregator.async_flush_every(
            std::chrono::milliseconds(1),
            asio::bind_cancellation_slot(stop.slot(), asio::bind_executor(flushing, [](error_code) {})));
    });
    std::vector<std::future<void>> running;
    for (int p = 0; p < parsers; ++p) {
        running.push_back(asio::co_spawn(pool, parse(aggregator, p, batches, per_batch), asio::use_future));
    }
    for (auto& r : running) {
        r.get();
    }
    asio::post(flushing, [&] { stop.emit(asio::cancellation_type::terminal); });
    const auto counts = aggregator.async_snapshot(asio::use_future).get();
    pool.join();
    BOOST_TEST(counts.total() == static_cast<std::uint64_t>(parsers * batches * per_batch));
    for (int p = 0; p < parsers; ++p) {
        BOOST_TEST(counts.count({x86_64, p}) == static_cast<std::uint64_t>(batches * per_batch));
    }
}

BOOST_AUTO_TEST_CASE(several_sources_feed_one_aggregator)
{
    constexpr int sources = 4;
    constexpr int calls = 200;
    asio::thread_pool pool(4);
    sctrace::aggregator aggregator(pool.get_executor());
    std::vector<sctrace::test::entry_pair> pairs(sources);
    std::vector<std::future<error_code>> running;
    for (auto& pair : pairs) {
        for (int i = 0; i < calls; ++i) {
            pair.write_call(42, i % 7);
        }
        pair.close_writer();
        auto strand = asio::make_strand(pool.get_executor());
        running.push_back(asio::co_spawn(strand, pump(pair.take_reader(), aggregator), asio::use_future));
    }
    for (auto& r : running) {
        BOOST_TEST((r.get() == asio::error::eof));
    }
    const auto counts = aggregator.async_snapshot(asio::use_future).get();
    pool.join();
    BOOST_TEST(counts.total() == static_cast<std::uint64_t>(sources * calls));
}

BOOST_AUTO_TEST_CASE(a_recorder_on_a_thread_pool_counts_exactly)
{
    sctrace::test::temporary_folder folder;
    asio::thread_pool pool(4);
    sctrace::test::entry_pair pair;
    sctrace::recorder_options options;
    options.pids = {42};
    options.output = folder.file("trace");
    options.kmsg_descriptor = pair.take_reader();
    options.flush_interval = std::chrono::milliseconds(1);
    options.stop_check_interval = std::chrono::milliseconds(1);
    sctrace::recorder recorder(pool.get_executor(), options);
    auto future = recorder.async_run(asio::use_future);
    for (int i = 0; i < 500; ++i) {
        pair.write_call(42, i % 7);
    }
    std::vector<std::jthread> others;
    for (int i = 0; i < 4; ++i) {
        others.emplace_back([&] { recorder.request_stop(); });
    }
    const auto report = future.get();
    pool.join();
    BOOST_TEST(report.counts.total() == 500U);
}

BOOST_AUTO_TEST_CASE(cancellation_from_another_thread_is_proxied_to_the_recorders_strand)
{
    for (int i = 0; i < 20; ++i) {
        asio::thread_pool pool(4);
        sctrace::test::entry_pair pair;
        sctrace::recorder_options options;
        options.pids = {42};
        options.kmsg_descriptor = pair.take_reader();
        sctrace::recorder recorder(pool.get_executor(), options);
        auto strand = asio::make_strand(pool.get_executor());
        asio::cancellation_signal signal;
        std::promise<error_code> result;
        asio::post(strand, [&] {
            recorder.async_run(asio::bind_cancellation_slot(
                signal.slot(), asio::bind_executor(strand, [&](error_code ec, const sctrace::report&) {
                    result.set_value(ec);
                })));
        });
        pair.write_call(42, 0);
        asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
        BOOST_TEST((result.get_future().get() == asio::error::operation_aborted));
        pool.join();
    }
}

BOOST_AUTO_TEST_SUITE_END()
