#ifndef SCTRACE_AGGREGATOR_HPP
#define SCTRACE_AGGREGATOR_HPP

#include <sctrace/detail/aggregate_ops.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/wait_traits.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace sctrace {

/// What an aggregator writes, and where.
struct aggregator_options {
    /// The trace file; without one nothing is written.
    std::optional<trace_file> file;
    /// The architecture whose lines carry no `arch`.
    architecture native = architecture::native();
};

/// Counts system calls for any number of parsers and keeps the trace file up to date.
/**
 * The counts live behind a strand of the aggregator's own, so that parsers on any number of threads may feed
 * it. Each operation hops onto the strand once, does its work there, and completes on the token's associated
 * executor (by default the aggregator's); the strand is never exposed.
 *
 * @tparam Clock The clock of async_flush_every(); tests put a virtual one here.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: the `async_` functions are safe; everything else is unsafe.
 *
 * @par Object lifetimes
 * Outstanding operations keep what they need alive: the object may be destroyed before they complete.
 */
template <class Executor = boost::asio::any_io_executor, class Clock = std::chrono::steady_clock>
class basic_aggregator {
public:
    using executor_type = Executor;

    template <class Executor1>
    struct rebind_executor {
        using other = basic_aggregator<Executor1, Clock>;
    };

    explicit basic_aggregator(const executor_type& ex, aggregator_options options = {})
        : executor_(ex)
        , state_(std::make_shared<state>(ex, std::move(options)))
    {
    }

    template <class ExecutionContext>
    explicit basic_aggregator(ExecutionContext& context, aggregator_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_aggregator(executor_type(context.get_executor()), std::move(options))
    {
    }

    executor_type get_executor() const noexcept { return executor_; }

    /// Counts each of @p calls once.
    /**
     * @param calls Must stay valid until the operation completes.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code) @endcode
     *
     * @par Per-Operation Cancellation
     * None: once started, the calls are counted.
     *
     * @par Errors
     * None.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_add(std::span<const syscall_key> calls, CompletionToken&& token = {})
    {
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code)>(
            detail::strand_op(state_, detail::add_work{calls}), token, executor_);
    }

    /// Writes the counts to the trace file, if they changed since the last write or @p how is `final`.
    /**
     * @par Completion Signature
     * @code void(boost::system::error_code, std::string message) @endcode
     * The message says in words what failed; it is empty without an error.
     *
     * @par Per-Operation Cancellation
     * None.
     *
     * @par Errors
     * What `trace_file::write` reports; the file keeps its old contents then.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_flush(trace_file::durability how, CompletionToken&& token = {})
    {
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, std::string)>(
            detail::strand_op(state_, detail::flush_work{how}), token, executor_);
    }

    /// Brings the trace file up to date every @p interval, until cancelled.
    /**
     * A write that fails does not end it: the next one tries again.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code) @endcode
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: a write that has begun is ended, then it completes.
     *
     * @par Errors
     * `asio::error::operation_aborted`, always.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_flush_every(typename Clock::duration interval, CompletionToken&& token = {})
    {
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code)>(
            detail::flush_every_op(state_, std::make_unique<timer>(executor_), interval), token, executor_);
    }

    /// Completes with a copy of the counts.
    /**
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::trace) @endcode
     *
     * @par Per-Operation Cancellation
     * None.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_snapshot(CompletionToken&& token = {})
    {
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, trace)>(
            detail::strand_op(state_, detail::snapshot_work{}), token, executor_);
    }

private:
    using state = detail::aggregate<Executor>;
    using timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

    executor_type executor_;
    std::shared_ptr<state> state_;
};

/// An aggregator on any executor.
using aggregator = basic_aggregator<>;

} // namespace sctrace

#endif
