#ifndef SCTRACE_SRC_RECORDING_COUNT_FEED_HPP
#define SCTRACE_SRC_RECORDING_COUNT_FEED_HPP

#include "recording/run_scope.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/error.hpp>
#include <sctrace/syscall_key.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace sctrace::detail {

/// The calls of one recording on their way to its aggregator.
/**
 * What was counted since the last look goes over as one trace: its size does not depend on how many calls
 * there were, so that a slow disk holds up nobody. Everything is to be called on the scope's strand.
 */
template <class Clock>
class count_feed {
public:
    using scope_type = run_scope<Clock>;
    template <class T>
    using task = typename scope_type::template task<T>;

    /// Without @p output nothing is written.
    count_feed(scope_type& run, std::optional<trace_file> output, architecture native)
        : scope_(run)
        , output_(std::move(output))
        , aggregator_(run.strand().get_inner_executor(), aggregator_options{output_, native})
    {
    }

    void add(std::span<const syscall_key> calls)
    {
        for (const syscall_key& call : calls) {
            delta_.add(call);
        }
    }

    /// Whether so much was added that a reader of the trace file should not wait for the next stop check.
    bool is_worth_handing_over() const noexcept { return delta_.total() >= worth_handing_over; }

    /// Has the aggregator count everything that was added before.
    task<void> hand_over()
    {
        if (delta_.total() == 0 && delta_.left_out() == 0) {
            co_return;
        }
        const trace part = std::move(delta_);
        co_await aggregator_.async_merge(part, scope_type::token());
    }

    /// The counts so far.
    task<trace> snapshot()
    {
        co_await hand_over();
        auto [none, counts] = co_await aggregator_.async_snapshot(scope_type::token());
        static_cast<void>(none);
        co_return std::move(counts);
    }

    /// Where there is no trace yet an empty one appears: a missing file must not stand for an old one
    /// elsewhere.
    void create_output() const
    {
        if (output_) {
            static_cast<void>(output_->create_if_absent());
        }
    }

    /// Brings the trace file up to date every @p interval, until stop_flushing(); zero: never.
    void flush_every(typename Clock::duration interval)
    {
        if (!output_ || interval.count() == 0) {
            return;
        }
        auto done = [held = scope_.guard()](boost::system::error_code) mutable { held.end(); };
        aggregator_.async_flush_every(
            interval, boost::asio::bind_cancellation_slot(
                          stop_.slot(), boost::asio::bind_executor(scope_.strand(), std::move(done))));
    }

    void stop_flushing() { stop_.emit(boost::asio::cancellation_type::terminal); }

    /// Writes the trace file for good.
    task<failure> write()
    {
        auto [ec, message] =
            co_await aggregator_.async_flush(trace_file::durability::final, scope_type::token());
        co_return failure{ec, std::move(message)};
    }

private:
    // Handing over costs as much as counting some hundred calls.
    static constexpr std::uint64_t worth_handing_over = 512;

    scope_type& scope_;
    std::optional<trace_file> output_;
    basic_aggregator<boost::asio::any_io_executor, Clock> aggregator_;
    boost::asio::cancellation_signal stop_;
    trace delta_;
};

} // namespace sctrace::detail

#endif
