#ifndef SCTRACE_RECORDER_HPP
#define SCTRACE_RECORDER_HPP

#include <sctrace/detail/asio_configuration.hpp>
#include <sctrace/detail/completion.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/recorder_core.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
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
 * context is destroyed, a launched command is killed and the last interval flush remains on the disk.
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
class basic_recorder {
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// The same recorder on another type of executor.
    template <class Executor1>
    struct rebind_executor {
        /// The rebound type.
        using other = basic_recorder<Executor1, Clock>;
    };

    /// Makes a recorder with a source of its own.
    explicit basic_recorder(const executor_type& ex, recorder_options options = {})
        : executor_(ex)
        , core_(detail::make_recorder<Clock>(ex, std::move(options)))
    {
        detail::require_the_librarys_asio();
    }

    /// As above, on the executor of @p context.
    template <class ExecutionContext>
    explicit basic_recorder(ExecutionContext& context, recorder_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_recorder(executor_type(context.get_executor()), std::move(options))
    {
    }

    /// Makes a recorder that takes part in @p shared, on its executor; the hub's options choose the source.
    explicit basic_recorder(basic_hub<Executor, Clock>& shared, recorder_options options = {})
        : executor_(shared.get_executor())
        , core_(detail::make_recorder<Clock>(executor_, shared.core_, std::move(options)))
    {
    }

    /// Takes over; @p other may then only be destroyed or assigned to.
    basic_recorder(basic_recorder&& other) noexcept = default;
    /// Requests a stop of what this object ran before, and takes over.
    basic_recorder& operator=(basic_recorder&& other) noexcept
    {
        if (this != &other) {
            let_go();
            executor_ = std::move(other.executor_);
            core_ = std::move(other.core_);
        }
        return *this;
    }

    /// Requests a stop; outstanding operations go on to their end.
    ~basic_recorder() { let_go(); }

    /// The executor that was given to the constructor; the strand is never exposed.
    executor_type get_executor() const noexcept { return executor_; }

    /// Ends the recording in an orderly way at the next stop check; may be called from any thread, at any
    /// time.
    void request_stop() noexcept { core_->request_stop(); }

    /// Has async_run() complete soon with `operation_aborted`, as terminal cancellation does; may be called
    /// from any thread.
    void cancel() { core_->cancel(); }

    /// Ends the recording if its command has not been started yet, or has ended and its descendants are
    /// waited for; may be called from any thread.
    void stop_unless_command_runs() { core_->stop_unless_command_runs(); }

    /// Sends a signal to the launched command, or does as stop_unless_command_runs(); may be called from any
    /// thread.
    void signal_child(int number) { core_->signal_child(number); }

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
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_run(CompletionToken&& token = {})
    {
        return initiate<detail::recorder_core::signature>(
            token, [core = core_](auto done) { core->async_run(std::move(done)); });
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
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_receive(live_records& records, CompletionToken&& token = {})
    {
        return initiate<detail::recorder_core::receive_signature>(
            token, [core = core_, to = &records](auto done) { core->async_receive(*to, std::move(done)); });
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
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_snapshot(CompletionToken&& token = {})
    {
        return initiate<detail::recorder_core::snapshot_signature>(
            token, [core = core_](auto done) { core->async_snapshot(std::move(done)); });
    }

private:
    template <class Signature, class Token, class Start>
    auto initiate(Token& token, Start start)
    {
        return boost::asio::async_initiate<Token, Signature>(
            detail::initiate_erased<executor_type, Signature>{executor_}, token, std::move(start));
    }

    void let_go() noexcept
    {
        if (core_) {
            core_->let_go();
        }
    }

    executor_type executor_;
    std::shared_ptr<detail::recorder_core> core_;
};

/// A recorder on any executor.
using recorder = basic_recorder<>;

} // namespace sctrace

#endif
