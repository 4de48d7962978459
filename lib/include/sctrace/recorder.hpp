#ifndef SCTRACE_RECORDER_HPP
#define SCTRACE_RECORDER_HPP

#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/recording.hpp>
#include <sctrace/detail/run_op.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <utility>

namespace sctrace {

/// Records which system calls processes make, from source to trace file, as one asynchronous operation.
/**
 * Joins a kmsg source, the parser, an aggregator, the flush timer and the timer of the stop checks on a
 * strand of its own. An object records once.
 *
 * @tparam Clock The clock of its timers; tests put a virtual one here.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: request_stop(), stop_unless_command_runs() and signal_child() are
 * safe, everything else is not.
 *
 * @par Object lifetimes
 * A running operation keeps what it needs alive. Destroying the object requests a stop; when the execution
 * context is destroyed, a launched command is killed and the last interval flush remains on the disk.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::recorder_options options;
 * options.pids = {4711};
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
    using executor_type = Executor;

    template <class Executor1>
    struct rebind_executor {
        using other = basic_recorder<Executor1, Clock>;
    };

    explicit basic_recorder(const executor_type& ex, recorder_options options = {})
        : executor_(ex)
        , state_(std::make_shared<state>(ex, std::move(options)))
    {
    }

    template <class ExecutionContext>
    explicit basic_recorder(ExecutionContext& context, recorder_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_recorder(executor_type(context.get_executor()), std::move(options))
    {
    }

    basic_recorder(basic_recorder&&) noexcept = default;
    /// Requests a stop of what this object ran before.
    basic_recorder& operator=(basic_recorder&& other) noexcept
    {
        if (this != &other) {
            stop_if_valid();
            executor_ = std::move(other.executor_);
            state_ = std::move(other.state_);
        }
        return *this;
    }

    ~basic_recorder() { stop_if_valid(); }

    executor_type get_executor() const noexcept { return executor_; }

    /// Ends the recording in an orderly way at the next stop check; may be called from any thread, at any
    /// time.
    void request_stop() noexcept { state_->request_stop(); }

    /// Ends the recording if its command has not been started yet, or has ended and its descendants are
    /// waited for; may be called from any thread.
    void stop_unless_command_runs()
    {
        boost::asio::post(state_->strand(), [s = state_] { s->stop_unless_command_runs(); });
    }

    /// Sends a signal to the launched command, or does as stop_unless_command_runs(); may be called from any
    /// thread.
    void signal_child(int number)
    {
        boost::asio::post(state_->strand(), [s = state_, number] { s->signal_child(number); });
    }

    /// Records until the command ends, the duration is over, or a stop is requested.
    /**
     * Completes when everything it started has stopped: what the kernel had written is read, the trace file
     * is on the disk, kernel settings are back.
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
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code, report)>(
            detail::initiate_run<executor_type>{executor_}, token, state_);
    }

private:
    using state = detail::recording<Executor, Clock>;

    void stop_if_valid() noexcept
    {
        if (state_) {
            state_->request_stop();
        }
    }

    executor_type executor_;
    std::shared_ptr<state> state_;
};

/// A recorder on any executor.
using recorder = basic_recorder<>;

} // namespace sctrace

#endif
