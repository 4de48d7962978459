#ifndef SCTRACE_RECORDER_HPP
#define SCTRACE_RECORDER_HPP

#include <sctrace/detail/recorder_core.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <utility>

namespace sctrace {

/// Records which system calls processes make, from source to trace file, as one asynchronous operation.
/**
 * Joins a live source, the parser, an aggregator, the flush timer and the timer of the stop checks on a
 * strand of its own, or on that of a hub, whose source it then shares with others. An object records once.
 *
 * @tparam Executor The type of its executor.
 * @tparam Clock The clock of its timers; tests put a virtual one here.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: request_stop(), cancel(), stop_unless_command_runs(),
 * signal_child() and the `async_` functions are safe, everything else is not.
 *
 * @par Object lifetimes
 * A running operation keeps what it needs alive. Destroying the object requests a stop; when the execution
 * context is destroyed, a launched command is killed and the last interval flush remains on the disk. Moved
 * from, it can only be assigned to, destroyed and asked for its executor.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::recorder_options options;
 * options.command.emplace().command = {"ls", "/"};
 * options.output = "trace.ndjson";
 * sctrace::recorder recorder(context, options);
 * recorder.async_run([](boost::system::error_code ec, sctrace::report report) {
 *     std::cout << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
 * });
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor, class Clock = std::chrono::steady_clock>
class basic_recorder : public detail::run_handle<Executor, detail::recorder_core> {
    using base = detail::run_handle<Executor, detail::recorder_core>;

public:
    /// The same recorder on another type of executor.
    template <class Executor1>
    struct rebind_executor {
        /// The rebound type.
        using other = basic_recorder<Executor1, Clock>;
    };

    /// Makes a recorder with a source of its own.
    explicit basic_recorder(const Executor& ex, recorder_options options = {})
        : base(ex, detail::make_recorder<Clock>(ex, std::move(options)))
    {
    }

    /// As above, on the executor of @p context.
    template <class ExecutionContext>
    explicit basic_recorder(ExecutionContext& context, recorder_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_recorder(Executor(context.get_executor()), std::move(options))
    {
    }

    /// Makes a recorder that takes part in @p shared, on its executor; the hub's options choose the source.
    explicit basic_recorder(basic_hub<Executor, Clock>& shared, recorder_options options = {})
        : base(shared.get_executor(),
               detail::make_recorder<Clock>(shared.get_executor(), shared.core_, std::move(options)))
    {
    }

    /// Ends the recording if its command has not been started yet, or has ended and its descendants are
    /// waited for; may be called from any thread.
    void stop_unless_command_runs() { this->shared_->stop_unless_command_runs(); }

    /// Sends a signal to the launched command, or does as stop_unless_command_runs(); may be called from any
    /// thread.
    void signal_child(int number) { this->shared_->signal_child(number); }

    /// Records until the command ends, the duration is over, or a stop is requested.
    /**
     * @param token Completion token.
     *
     * Completes when everything it started has stopped: what the kernel had written is read, the trace file
     * is on the disk, and kernel settings are back unless other recorders of the hub go on.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::report) @endcode
     *
     * @par Executor
     * Intermediate handlers run on a strand of the object's executor, the final one on the token's associated
     * executor.
     *
     * @par Per-Operation Cancellation
     * @li partial - like request_stop(), at once instead of at the next check.
     * @li terminal - stops without draining the kernel's log, kills a launched command; what was counted is
     *     written. Completes with `asio::error::operation_aborted`.
     * @li total - ignored, a recording always has side effects.
     *
     * @par Errors
     * Before anything is recorded: `error::invalid_options`, `error::command_not_found`,
     * `error::command_not_executable`, `error::unknown_user`, `error::launch_failed`,
     * `error::foreign_pid_namespace`, what `kmsg_source::open` and `trace_file::prepare` report, and
     * `error::already_running`. Afterwards: errno of reading the source when processes are recorded by id,
     * and what `trace_file::write` reports. `report::failure_message` has the words. Lost records are no
     * error.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_run(CompletionToken&& token = {})
    {
        return this->initiate_run(token);
    }

    /// Waits until there are records that the recording has counted, and hands out all that wait.
    /**
     * The live feed: each record that is counted is also put into a queue of `recorder_options::live_records`
     * records. What finds it full is counted by live_records::dropped() of the batch before it, and in the
     * recording's counts all the same; the recording never waits for a receiver.
     *
     * @param records Filled on success; what it held before is forgotten. It must stay valid until the
     *     operation completes.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, std::size_t records) @endcode
     *
     * @par Executor
     * As async_run().
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: nothing is lost, what waits is handed out by the next operation.
     *
     * @par Errors
     * `asio::error::eof` when the recording has ended, or can't begin any more because the object is gone,
     * and all records have been handed out; `error::invalid_options` if there is no live feed;
     * `error::already_running` while another receive operation is outstanding;
     * `asio::error::operation_aborted`.
     *
     * @par Example
     * @code
     * boost::asio::io_context context;
     * sctrace::recorder_options options;
     * options.command.emplace().command = {"ls", "/"};
     * options.live_records = 1024;
     * sctrace::recorder recorder(context, options);
     * sctrace::live_records batch;
     * recorder.async_receive(batch, [](boost::system::error_code ec, std::size_t count) {
     *     std::cout << (ec ? ec.message() : std::to_string(count) + " records at once") << '\n';
     * });
     * recorder.async_run([](boost::system::error_code, const sctrace::report&) {});
     * context.run();
     * @endcode
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_receive(live_records& records, CompletionToken&& token = {})
    {
        return this->template initiate<detail::recorder_core::receive_signature>(
            token,
            [core = this->shared_, to = &records](auto done) { core->async_receive(*to, std::move(done)); });
    }

    /// Completes with a copy of the counts so far.
    /**
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::trace) @endcode
     * The error is always empty, the trace is empty before async_run().
     *
     * @par Executor
     * As async_run().
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
        return this->template initiate<detail::recorder_core::snapshot_signature>(
            token, [core = this->shared_](auto done) { core->async_snapshot(std::move(done)); });
    }
};

/// A recorder on any executor.
using recorder = basic_recorder<>;

} // namespace sctrace

#endif
