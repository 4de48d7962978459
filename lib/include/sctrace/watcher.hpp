#ifndef SCTRACE_WATCHER_HPP
#define SCTRACE_WATCHER_HPP

#include <sctrace/detail/run_core.hpp>
#include <sctrace/watcher_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <utility>

namespace sctrace {

namespace detail {

// The library has it for std::chrono::steady_clock.
template <class Clock>
std::shared_ptr<run_core<watch_summary>> make_watcher(const boost::asio::any_io_executor& ex,
                                                      watcher_options options);

} // namespace detail

/// Hands on the host's SECCOMP records as they come, and reports soon when some are missing.
/**
 * Joins a live source, which it chooses as a recorder does, and the parser on a strand of its own. Records of
 * markers, which recorders and watchers make themselves, are left out. An object runs once.
 *
 * @tparam Clock The clock of its timers; tests put a virtual one here.
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
 * sctrace::watcher_options options;
 * options.denied_only = true;
 * options.duration = std::chrono::milliseconds(100);
 * options.on_record = [](const sctrace::seccomp_record& r) { std::cout << sctrace::to_event(r) << '\n'; };
 * sctrace::watcher watcher(context, options);
 * watcher.async_run([](boost::system::error_code ec, sctrace::watch_summary summary) {
 *     std::cout << (ec ? summary.failure_message : std::to_string(summary.records) + " records") << '\n';
 * });
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor, class Clock = std::chrono::steady_clock>
class basic_watcher : public detail::run_handle<Executor, detail::run_core<watch_summary>> {
    using base = detail::run_handle<Executor, detail::run_core<watch_summary>>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_watcher<Executor1, Clock>;
    };

    /// A watcher that runs on @p ex.
    explicit basic_watcher(const Executor& ex, watcher_options options = {})
        : base(ex, detail::make_watcher<Clock>(ex, std::move(options)))
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_watcher(ExecutionContext& context, watcher_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_watcher(Executor(context.get_executor()), std::move(options))
    {
    }

    /// Watches until the source ends, the duration is over, or a stop is requested.
    /**
     * Completes when everything it started has stopped and what the kernel had written before the stop has
     * been handed on; kernel settings are back.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::watch_summary) @endcode
     *
     * @par Executor
     * Intermediate handlers, and the functions of the options, run on a strand of the object's executor, the
     * final one on the token's associated executor.
     *
     * @par Per-Operation Cancellation
     * @li partial - like request_stop(), at once instead of at the next check.
     * @li terminal - stops without reading what the kernel had written. Completes with
     *     `asio::error::operation_aborted`.
     * @li total - ignored, as records that were read are gone for others too.
     *
     * @par Errors
     * Before anything is watched: `error::foreign_pid_namespace`, what `kmsg_source::open`,
     * `audit_source::open` and `printk_ratelimit_hold::acquire` report, and `error::already_running`.
     * Afterwards: errno of reading the source, and the code of a system_error that one of the options'
     * functions threw. `watch_summary::failure_message` has the words. Missing records are no error.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_run(CompletionToken&& token = {})
    {
        return this->initiate_run(token);
    }
};

/// A watcher on any executor.
using watcher = basic_watcher<>;

} // namespace sctrace

#endif
