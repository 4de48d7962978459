#ifndef SCTRACE_REPLAYER_HPP
#define SCTRACE_REPLAYER_HPP

#include <sctrace/detail/run_core.hpp>
#include <sctrace/replay_options.hpp>
#include <sctrace/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace sctrace {

namespace detail {

std::shared_ptr<run_core<report>> make_replayer(const boost::asio::any_io_executor& ex,
                                                replay_options options);

} // namespace detail

/// Makes of saved logs what a recorder makes of the running kernel's: a trace and a report.
/**
 * Joins a replay source, parsers, an aggregator and the look for copies of the same record. An object runs
 * once.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: request_stop() and cancel() are safe, everything else is
 * not.
 *
 * @par Object lifetimes
 * A running operation keeps what it needs alive: the object may be moved or destroyed before it completes.
 * Destroying the object requests a stop. Moved from, it can only be assigned to, destroyed and asked for its
 * executor.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::replay_options options;
 * options.logs = {"demo.kmsg"};
 * options.filter.comms = {"ls"};
 * sctrace::replayer replayer(context, options);
 * replayer.async_run([](boost::system::error_code ec, sctrace::report report) {
 *     std::cout << (ec ? report.failure_message : sctrace::to_ndjson(report.counts, report.native)) << '\n';
 * });
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor>
class basic_replayer : public detail::run_handle<Executor, detail::run_core<report>> {
    using base = detail::run_handle<Executor, detail::run_core<report>>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_replayer<Executor1>;
    };

    /// A replayer that runs on @p ex.
    explicit basic_replayer(const Executor& ex, replay_options options = {})
        : base(ex, detail::make_replayer(ex, std::move(options)))
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_replayer(ExecutionContext& context, replay_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_replayer(Executor(context.get_executor()), std::move(options))
    {
    }

    /// Reads all logs and writes the trace.
    /**
     * A log that cannot be read, or not wholly, is reported by a notice and does not keep the others from
     * being read; the operation then completes with its error and with the report of what was read. When no
     * log could be opened, an existing trace is left alone, and an empty one is created where there was none.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::report) @endcode
     *
     * @par Executor
     * Parsing runs on the object's executor, several parts at once if its threads allow, what must be in
     * order on a strand of it, and the final handler on the token's associated executor.
     *
     * @par Per-Operation Cancellation
     * @li partial - like request_stop()
     * @li terminal - as partial, and completes with `asio::error::operation_aborted`
     * @li total - ignored: a run writes a file
     *
     * @par Errors
     * `error::invalid_options` without logs; what `trace_file::prepare` and `trace_file::write` report; of
     * the first log that could not be read wholly what `replay_source::open` and `replay_source::problem`
     * report; `error::stopped_early` if the stop left a part of a regular file unread;
     * `error::already_running`. `report::failure_message` has the words. What a log lacks is no error.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_run(CompletionToken&& token = {})
    {
        return this->initiate_run(token);
    }
};

/// A replayer on any executor.
using replayer = basic_replayer<>;

} // namespace sctrace

#endif
