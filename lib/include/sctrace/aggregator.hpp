#ifndef SCTRACE_AGGREGATOR_HPP
#define SCTRACE_AGGREGATOR_HPP

#include <sctrace/detail/aggregate_ops.hpp>
#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/handle.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>

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
 * Distinct objects: Safe. Shared objects: the `async_` functions and cancel() are safe; everything else is
 * unsafe.
 *
 * @par Object lifetimes
 * Outstanding operations keep what they need alive: the object may be moved or destroyed before they
 * complete. Destroying the object ends async_flush_every(), which completes with `operation_aborted`; other
 * operations end by themselves. Moved from, it can only be assigned to, destroyed and asked for its executor.
 *
 * @par Example
 * @code
 * const auto x86_64 = sctrace::architecture::from_name("x86_64").value();
 * boost::asio::thread_pool pool(2);
 * sctrace::aggregator aggregator(pool);
 * const std::vector<sctrace::syscall_key> calls{{x86_64, 0}, {x86_64, 1}, {x86_64, 0}};
 * aggregator.async_add(calls, [&](boost::system::error_code) {
 *     aggregator.async_snapshot([](boost::system::error_code, sctrace::trace counts) {
 *         std::cout << counts.total() << " calls\n"; // 3 calls
 *     });
 * });
 * pool.join();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor, class Clock = std::chrono::steady_clock>
class basic_aggregator : public detail::handle<Executor, detail::aggregate<Executor, Clock>> {
    using state = detail::aggregate<Executor, Clock>;
    using base = detail::handle<Executor, state>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_aggregator<Executor1, Clock>;
    };

    /// An aggregator that runs on @p ex.
    explicit basic_aggregator(const Executor& ex, aggregator_options options = {})
        : base(ex, std::make_shared<state>(ex, std::move(options)))
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_aggregator(ExecutionContext& context, aggregator_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_aggregator(Executor(context.get_executor()), std::move(options))
    {
    }

    /// Ends outstanding async_flush_every(), which complete with `operation_aborted`; may be called from any
    /// thread.
    /** The other operations end by themselves: their work is never left half done. */
    void cancel() { this->shared_->timers.cancel(); }

    /// Counts each of @p calls once.
    /**
     * @param calls Must stay valid until the operation completes.
     * @param token Completion token.
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
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_add(std::span<const syscall_key> calls, CompletionToken&& token = {})
    {
        return on_strand<>([calls](state& s) { return s.add(calls); }, std::forward<CompletionToken>(token));
    }

    /// Adds all counts of a trace.
    /**
     * @param counts Must stay valid until the operation completes.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code) @endcode
     *
     * @par Per-Operation Cancellation
     * None: once started, the trace is added.
     *
     * @par Errors
     * `error::count_overflow`, see trace::merge(); the counts stay as they were then.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_merge(const trace& counts, CompletionToken&& token = {})
    {
        return on_strand<>([&counts](state& s) { return s.merge(counts); },
                           std::forward<CompletionToken>(token));
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
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_flush(trace_file::durability how, CompletionToken&& token = {})
    {
        return on_strand<std::string>([how](state& s) { return s.flush(how); },
                                      std::forward<CompletionToken>(token));
    }

    /// Brings the trace file up to date every @p interval, until cancelled.
    /**
     * A write that fails does not end it: the next one tries again.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code) @endcode
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total, and cancel(): a write that has begun is ended, then it completes.
     *
     * @par Errors
     * `asio::error::operation_aborted`, always.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_flush_every(typename Clock::duration interval, CompletionToken&& token = {})
    {
        using timer_type = typename detail::flush_every_op<state>::timer_type;
        auto timer = std::make_shared<timer_type>(this->executor_, interval);
        this->shared_->timers.add(timer);
        return detail::async_composed<void(boost::system::error_code)>(
            this->executor_, std::forward<CompletionToken>(token),
            detail::flush_every_op(this->shared_, std::move(timer)));
    }

    /// Completes with a copy of the counts.
    /**
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::trace) @endcode
     *
     * @par Per-Operation Cancellation
     * None.
     *
     * @par Errors
     * None.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_snapshot(CompletionToken&& token = {})
    {
        return on_strand<trace>([](state& s) { return s.snapshot(); }, std::forward<CompletionToken>(token));
    }

private:
    template <class... Results, class Work, class CompletionToken>
    auto on_strand(Work work, CompletionToken&& token)
    {
        return detail::async_composed<void(boost::system::error_code, Results...)>(
            this->executor_, std::forward<CompletionToken>(token),
            detail::strand_op(this->shared_, std::move(work)));
    }
};

/// An aggregator on any executor.
using aggregator = basic_aggregator<>;

} // namespace sctrace

#endif
