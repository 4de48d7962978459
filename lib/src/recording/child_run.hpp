#ifndef SCTRACE_SRC_RECORDING_CHILD_RUN_HPP
#define SCTRACE_SRC_RECORDING_CHILD_RUN_HPP

#include "recording/run_scope.hpp"

#include <sctrace/child.hpp>
#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <signal.h>

namespace sctrace::detail {

/// The command of a recording, from its preparation to its end.
/**
 * Everything is to be called on the scope's strand; the scope is woken when the command has ended. Until
 * end() it stays a zombie, so that nobody else gets its process id.
 */
template <class Clock>
class child_run {
public:
    using scope_type = run_scope<Clock>;
    template <class T>
    using task = typename scope_type::template task<T>;
    using process_type = basic_child<typename scope_type::strand_type>;

    explicit child_run(scope_type& run)
        : scope_(run)
        , process_(run.strand())
        , end_(run.strand())
    {
    }

    void prepare(launcher command)
    {
        command_.emplace(std::move(command));
        state_ = state::prepared;
    }

    /// Starts what was prepared, unless a stop is asked for.
    boost::system::result<void, failure> start()
    {
        if (scope_.stop_asked()) {
            return failure{boost::asio::error::operation_aborted, "stopped before the command was started"};
        }
        auto started = process_.start(std::move(*command_));
        command_.reset();
        if (started) {
            state_ = state::running;
            await_end();
        }
        return started;
    }

    /// Whether there is a command at all.
    bool exists() const noexcept { return state_ != state::none; }
    bool is_running() const noexcept { return state_ == state::running; }
    bool has_ended() const noexcept { return state_ == state::ended; }

    const process_type& process() const noexcept { return process_; }

    void signal(int number) noexcept { static_cast<void>(process_.signal(number)); }

    /// Has a command that still runs end, and takes over how it ended.
    /** If the scope is abandoned, nothing is waited for. */
    task<void> end(typename Clock::duration patience, typename Clock::duration interval)
    {
        if (is_running() && !scope_.abandoned()) {
            co_await terminate(patience, interval);
        }
        if (has_ended()) {
            const auto [ec, status] = co_await process_.async_wait(scope_type::token());
            if (!ec) {
                status_ = status;
            }
        }
    }

    /// How it ended; empty before end().
    const std::optional<exit_status>& status() const noexcept { return status_; }

    /// How many seccomp filters it had when it ended.
    std::optional<std::uint32_t> filters_at_end() const
    {
        return has_ended() ? process_.filters_now() : std::nullopt;
    }

    /// Does not wait for its end any more.
    void stop_waiting() { end_.close(); }

    /// Kills a command that still runs.
    void close() noexcept
    {
        command_.reset();
        process_.close();
    }

private:
    enum class state { none, prepared, running, ended };

    /// By SIGTERM, and by SIGKILL after @p patience.
    task<void> terminate(typename Clock::duration patience, typename Clock::duration interval)
    {
        signal(SIGTERM);
        const auto give_up = Clock::now() + patience;
        while (is_running() && !scope_.abandoned() && Clock::now() < give_up) {
            co_await scope_.sleep_until_woken(give_up - Clock::now());
        }
        if (is_running()) {
            signal(SIGKILL);
        }
        while (is_running() && !scope_.abandoned()) {
            co_await scope_.sleep_until_woken(interval);
        }
    }

    void await_end()
    {
        end_.assign(::fcntl(process_.native_handle(), F_DUPFD_CLOEXEC, 0));
        end_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [this, held = scope_.guard()](boost::system::error_code ec) mutable {
                            if (!ec) {
                                state_ = state::ended;
                            }
                            held.end();
                        });
    }

    scope_type& scope_;
    std::optional<launcher> command_;
    process_type process_;
    // A pidfd of its own: waiting through the child would reap it.
    boost::asio::posix::basic_stream_descriptor<typename scope_type::strand_type> end_;
    state state_ = state::none;
    std::optional<exit_status> status_;
};

} // namespace sctrace::detail

#endif
