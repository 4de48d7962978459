#include "async/contract/operations.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using sctrace::test::all_operations;
using sctrace::test::effect;
using sctrace::test::subject_of;
using sctrace::test::workbench;

/// Runs up to @p count handlers; returns whether there were as many.
bool step(asio::io_context& context, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        context.restart();
        if (context.run_one_for(3ms) == 0) {
            return false;
        }
    }
    return true;
}

template <class Operation>
void end_without_object(workbench<Operation>& bench, bool fed)
{
    bench.run();
    BOOST_REQUIRE(bench.completions == 1);
    BOOST_TEST((sctrace::test::may_end_with<Operation>(*bench.result, Operation::destroyed)),
               "ended with " << bench.error().message());
    if (Operation::destroyed == effect::aborted && !fed) {
        BOOST_TEST((bench.error() == asio::error::operation_aborted));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(lifetimes)

/// What belongs to the handler goes with it: nothing else may hold it.
BOOST_AUTO_TEST_CASE_TEMPLATE(the_context_may_be_destroyed_after_any_step, Operation, all_operations)
{
    for (const bool fed : {false, true}) {
        bool ended = false;
        for (std::size_t steps = 0; steps <= sctrace::test::steps_to_try(fed) && !ended; ++steps) {
            auto context = std::make_unique<asio::io_context>();
            auto subject = std::make_shared<subject_of<Operation>>(context->get_executor());
            const std::weak_ptr<void> watched = subject;
            auto& under_test = *subject;
            bool completed = false;
            sctrace::test::begin<Operation>(
                under_test, [s = std::move(subject), &completed](const auto&...) { completed = true; });
            if (fed) {
                under_test.feed();
            }
            ended = !step(*context, steps) || completed;
            BOOST_TEST(watched.expired() == completed);
            context.reset();
            BOOST_TEST(watched.expired());
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_object_may_be_destroyed_after_any_step, Operation, all_operations)
{
    for (const bool fed : {false, true}) {
        bool ended = false;
        for (std::size_t steps = 0; steps <= sctrace::test::steps_to_try(fed) && !ended; ++steps) {
            BOOST_TEST_CONTEXT("after " << steps << " handlers, " << (fed ? "fed" : "not fed"))
            {
                workbench<Operation> bench;
                sctrace::test::begin<Operation>(bench.subject, bench.on_end());
                if (fed) {
                    bench.subject.feed();
                }
                ended = !step(bench.context.get(), steps) || bench.result.has_value();
                bench.subject.object.reset();
                end_without_object(bench, fed);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_object_may_be_moved_after_any_step, Operation, all_operations)
{
    bool ended = false;
    for (std::size_t steps = 0; steps <= sctrace::test::steps_to_try(false) && !ended; ++steps) {
        BOOST_TEST_CONTEXT("after " << steps << " handlers")
        {
            workbench<Operation> bench;
            sctrace::test::begin<Operation>(bench.subject, bench.on_end());
            ended = !step(bench.context.get(), steps) || bench.result.has_value();
            auto other = std::move(*bench.subject.object);
            *bench.subject.object = std::move(other);
            bench.finish();
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_object_may_be_overwritten_while_it_runs, Operation, all_operations)
{
    workbench<Operation> bench;
    subject_of<Operation> other(bench.context.get_executor());
    sctrace::test::begin<Operation>(bench.subject, bench.on_end());
    *bench.subject.object = std::move(*other.object);
    end_without_object(bench, false);
}

BOOST_AUTO_TEST_SUITE_END()
