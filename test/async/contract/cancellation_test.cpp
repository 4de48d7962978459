#include "async/contract/operations.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::cancellation_type;
using sctrace::test::all_operations;
using sctrace::test::effect;
using sctrace::test::workbench;

constexpr cancellation_type each_type[] = {cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total};

/// Outlives the operations that are connected to it.
struct with_signal {
    asio::cancellation_signal signal;
};

/// An operation with a cancellation slot, which must be empty when its handler is called.
template <class Operation>
class cancellable : public with_signal, public workbench<Operation> {
public:
    void start()
    {
        this->completions = 0;
        this->result.reset();
        auto end = [this, end = this->on_end()](auto... values) mutable {
            BOOST_TEST(!signal.slot().has_handler());
            end(std::move(values)...);
        };
        sctrace::test::begin<Operation>(this->subject,
                                        asio::bind_cancellation_slot(signal.slot(), std::move(end)));
    }

    /// Runs up to @p count handlers, as long as the operation has not completed; returns how many there were.
    std::size_t step(std::size_t count)
    {
        std::size_t ran = 0;
        while (ran < count && !this->result) {
            this->context.get().restart();
            if (this->context.get().run_one_for(std::chrono::milliseconds(3)) == 0) {
                break;
            }
            ++ran;
        }
        return ran;
    }

    /// Runs to the end what was told to end, or what @p e leaves to end by itself.
    void end_after(effect e, bool fed)
    {
        if (e == effect::none && !fed) {
            this->subject.feed();
        }
        this->run();
        BOOST_REQUIRE(this->completions == 1);
        BOOST_TEST((sctrace::test::may_end_with<Operation>(*this->result, e)),
                   "ended with " << this->error().message());
        if (!fed && e == effect::aborted) {
            BOOST_TEST((this->error() == asio::error::operation_aborted));
        }
    }

    /// Whatever was fed and not received is there for the next operation.
    void expect_nothing_lost(bool fed)
    {
        const bool received = this->is_whole();
        if (!Operation::repeats || (received && !Operation::refills)) {
            return;
        }
        start();
        if (!fed || received) {
            this->subject.feed();
        }
        this->run();
        BOOST_TEST(this->is_whole(), "ended with " << this->error().message());
    }
};

/// Cancels an operation after each number of its handlers, until it has ended before.
template <class Operation, class Cancel>
void cancel_after_each_step(bool fed, effect e, Cancel cancel, bool ends_for_good = false)
{
    bool ended = false;
    for (std::size_t steps = 0; steps <= sctrace::test::steps_to_try(fed) && !ended; ++steps) {
        BOOST_TEST_CONTEXT("after " << steps << " handlers, " << (fed ? "fed" : "not fed"))
        {
            cancellable<Operation> bench;
            bench.start();
            if (fed) {
                bench.subject.feed();
            }
            const std::size_t ran = bench.step(steps);
            ended = ran < steps || bench.result.has_value();
            cancel(bench);
            bench.end_after(e, fed);
            if (!ends_for_good) {
                bench.expect_nothing_lost(fed);
            }
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(cancellation)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_signal_before_the_start_is_nothing, Operation, all_operations)
{
    for (const cancellation_type type : each_type) {
        cancellable<Operation> bench;
        bench.signal.emit(type);
        bench.start();
        bench.finish();
        bench.signal.emit(type);
        bench.context.run();
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_type_does_what_is_written_after_any_step, Operation, all_operations)
{
    for (const cancellation_type type : each_type) {
        for (const bool fed : {false, true}) {
            cancel_after_each_step<Operation>(fed, Operation::cancelled.of(type),
                                              [&](auto& bench) { bench.signal.emit(type); });
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_objects_cancel_does_what_is_written_after_any_step, Operation,
                              all_operations)
{
    for (const bool fed : {false, true}) {
        // A log is not read any more, and a recorder does not record again.
        constexpr bool for_good = std::is_same_v<Operation, sctrace::test::replay_read> ||
                                  std::is_same_v<Operation, sctrace::test::recorder_receive>;
        cancel_after_each_step<Operation>(
            fed, Operation::object_cancelled, [](auto& bench) { bench.subject.object->cancel(); }, for_good);
    }
}

BOOST_AUTO_TEST_CASE(calls_are_counted_although_their_adding_was_cancelled)
{
    using sctrace::test::aggregator_add;
    for (const cancellation_type type : each_type) {
        cancellable<aggregator_add> bench;
        bench.start();
        bench.signal.emit(type);
        bench.run();
        BOOST_TEST(bench.is_whole());
        std::uint64_t total = 0;
        bench.subject.object->async_snapshot(
            [&](boost::system::error_code, const sctrace::trace& t) { total = t.total(); });
        bench.context.run();
        BOOST_TEST(total == 1U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
