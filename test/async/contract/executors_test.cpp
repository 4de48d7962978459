#include "async/contract/operations.hpp"
#include "async/contract/tracking_executor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <type_traits>
#include <utility>

namespace {

namespace asio = boost::asio;
using sctrace::test::all_operations;
using sctrace::test::tracked_runs;
using sctrace::test::tracking_executor;
using sctrace::test::workbench;

/// Runs an operation whose handler has an executor of its own.
template <class Operation>
void run_with_handler_on(workbench<Operation>& bench, const asio::any_io_executor& inner)
{
    tracked_runs runs;
    bool initiating = true;
    bool on_its_executor = false;
    const tracking_executor tracker(inner, runs);
    auto end = [&, end = bench.on_end()](auto... values) mutable {
        BOOST_TEST(!initiating);
        on_its_executor = runs.running_here();
        end(std::move(values)...);
    };
    sctrace::test::begin<Operation>(bench.subject, asio::bind_executor(tracker, std::move(end)));
    initiating = false;
    bench.finish();
    BOOST_TEST(on_its_executor);
}

} // namespace

BOOST_AUTO_TEST_SUITE(executors)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handler_runs_on_its_own_executor, Operation, all_operations)
{
    {
        workbench<Operation> bench;
        run_with_handler_on(bench, bench.context.get_executor());
    }
    {
        workbench<Operation> bench;
        run_with_handler_on(bench, asio::make_strand(bench.context.get()));
    }
    {
        workbench<Operation> bench;
        run_with_handler_on(bench, asio::make_strand(asio::any_io_executor(bench.context.get_executor())));
    }
}

/// What is fed before the start makes it end at once, but not within the initiating function.
BOOST_AUTO_TEST_CASE_TEMPLATE(an_operation_that_can_end_at_once_does_not_end_inside_its_initiation, Operation,
                              all_operations)
{
    workbench<Operation> bench;
    bench.subject.feed();
    bool initiating = true;
    auto end = [&, end = bench.on_end()](auto... values) mutable {
        BOOST_TEST(!initiating);
        end(std::move(values)...);
    };
    asio::post(bench.context.get(), [&] {
        sctrace::test::begin<Operation>(bench.subject, std::move(end));
        initiating = false;
    });
    bench.context.run_until([&] { return !initiating; });
    if (!bench.result) {
        if constexpr (std::is_same_v<Operation, sctrace::test::aggregator_flush_every>) {
            bench.subject.feed();
        }
        bench.context.run();
    }
    BOOST_TEST(bench.is_whole());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_handlers_own_context_has_work_until_it_is_called, Operation, all_operations)
{
    workbench<Operation> bench;
    asio::io_context own;
    sctrace::test::begin<Operation>(bench.subject, asio::bind_executor(own.get_executor(), bench.on_end()));
    bench.subject.feed();
    const auto end = std::chrono::steady_clock::now() + sctrace::test::deadline;
    while (!bench.result && !own.stopped() && std::chrono::steady_clock::now() < end) {
        own.poll_one();
        bench.context.get().restart();
        bench.context.get().run_one_for(std::chrono::milliseconds(1));
    }
    BOOST_TEST(bench.is_whole());
    own.poll();
    BOOST_TEST(own.stopped());
}

BOOST_AUTO_TEST_SUITE_END()
