#ifndef SCTRACE_CHILD_HPP
#define SCTRACE_CHILD_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/device_base.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace sctrace {

namespace detail {

/// A started child, and a pidfd, which is readable from the child's end on.
template <class Stream>
struct shared_child : shared_stream<Stream> {
    shared_child(launcher started, Stream end)
        : shared_stream<Stream>(std::move(end))
        , process(std::move(started))
    {
    }

    template <class Executor, class Stream1>
    shared_child(const Executor&, shared_child<Stream1>&& other)
        : shared_stream<Stream>(Stream(std::move(other.stream)))
        , process(std::exchange(other.process, std::nullopt))
    {
    }

    void close(boost::system::error_code& ec)
    {
        shared_stream<Stream>::close(ec);
        process.reset();
    }

    void let_go() noexcept
    {
        boost::system::error_code ignored;
        close(ignored);
    }

    /// Empty once the object has let go of the child.
    std::optional<launcher> process;
};

} // namespace detail

/// A command that runs under a seccomp filter, as an I/O object: what `launcher` starts, waited for.
/**
 * The child inherits what it does from a launcher, and ends with the thread that called start(); see there.
 * It is_open() from start() to close(), also when it has ended; cancel() lets it go on. Moved from, a handle
 * is as if made from its executor alone.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe. All operations must run within one implicit or explicit
 * strand.
 *
 * @par Object lifetimes
 * Outstanding operations may outlive the handle, but not the execution context before the handle.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::child child(context);
 * sctrace::launch_options options;
 * options.command = {"ls", "-l"};
 * child.start(options).value();
 * child.async_wait([](boost::system::error_code ec, sctrace::exit_status status) {
 *     std::cout << (ec ? ec.message() : std::to_string(status.shell_code())) << '\n';
 * });
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor>
class basic_child
    : public detail::io_object<Executor,
                               detail::shared_child<boost::asio::posix::basic_stream_descriptor<Executor>>> {
    using stream_type = boost::asio::posix::basic_stream_descriptor<Executor>;
    using shared_type = detail::shared_child<stream_type>;
    using base = detail::io_object<Executor, shared_type>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_child<Executor1>;
    };

    using base::base;

    /// Finds the command and starts it.
    /**
     * Blocks until the child executes the command or has failed.
     *
     * @par Errors
     * Those of launcher::prepare() and launcher::start(); `error::already_running` until close(); errno of
     * waiting for the child. The failure's message is what `.value()` throws. No child is left then.
     */
    boost::system::result<void, failure> start(launch_options options)
    {
        if (this->shared_) {
            return detail::child_runs();
        }
        auto prepared = launcher::prepare(std::move(options));
        if (!prepared) {
            return prepared.error();
        }
        return start(std::move(*prepared));
    }

    /// As start(); @p ec is the code of its failure.
    void start(launch_options options, boost::system::error_code& ec)
    {
        const auto started = start(std::move(options));
        ec = started ? boost::system::error_code() : started.error().code;
    }

    /// Starts what was prepared before.
    boost::system::result<void, failure> start(launcher prepared)
    {
        if (this->shared_) {
            return detail::child_runs();
        }
        if (const auto started = prepared.start(); !started) {
            return started;
        }
        stream_type end(this->executor_);
        if (const auto ec = watch(prepared.pidfd(), end)) {
            return failure{ec, "cannot wait for " + prepared.path() + ": " + ec.message()};
        }
        this->shared_ = std::make_shared<shared_type>(std::move(prepared), std::move(end));
        return {};
    }

    /// 0 before start().
    pid_t pid() const noexcept { return process() ? process()->pid() : 0; }
    /// The child's pidfd, readable once it has ended; -1 before start(). It stays this object's.
    int native_handle() const noexcept { return process() ? process()->pidfd() : -1; }
    /// The child's audit session id, if it has one of its own.
    std::optional<std::uint32_t> session() const noexcept
    {
        return process() ? process()->session() : std::nullopt;
    }
    /// Why there is no session of its own, when one was asked for; empty otherwise.
    std::string session_note() const { return process() ? process()->session_note() : std::string(); }
    /// Whether no_new_privs had to be set; false also if the caller had set it already.
    bool no_new_privs() const noexcept { return process() && process()->no_new_privs(); }
    /// How many seccomp filters the child had when it was started: inherited ones and ours.
    std::uint32_t filters() const noexcept { return process() ? process()->filters() : 0; }
    /// How many it has now, or ended with: more than filters() means it installed its own.
    /** @return Empty before start(), before Linux 5.9, or if somebody else reaped the child. */
    std::optional<std::uint32_t> filters_now() const
    {
        return process() ? process()->filters_now() : std::nullopt;
    }

    /// Sends a signal to the child.
    /**
     * @par Errors
     * @li `no_such_process` - not started, or it has ended
     * @li `operation_not_permitted` - it has become another user
     */
    boost::system::result<void> signal(int number) noexcept
    {
        if (!process()) {
            return make_error_code(boost::system::errc::no_such_process);
        }
        return process()->signal(number);
    }

    /// As signal(); @p ec says whether it failed.
    void signal(int number, boost::system::error_code& ec) noexcept
    {
        const auto sent = signal(number);
        ec = sent ? boost::system::error_code() : sent.error();
    }

    /// Sends SIGKILL to the child, which async_wait() reports like any other end.
    boost::system::result<void> terminate() noexcept { return signal(SIGKILL); }

    /// As terminate(); @p ec says whether it failed.
    void terminate(boost::system::error_code& ec) noexcept { signal(SIGKILL, ec); }

    /// Waits for the child's end.
    /**
     * @par Completion Signature
     * @code void(boost::system::error_code, sctrace::exit_status) @endcode
     *
     * Several may be outstanding, and the status can be had again until close().
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: the child goes on, and its end can be waited for again.
     *
     * @par Errors
     * `no_child_process` (ECHILD) without a child, `asio::error::operation_aborted`. That somebody else
     * reaped the child is no error, see exit_status::lost.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_wait(CompletionToken&& token = {})
    {
        const auto no_child = make_error_code(boost::system::errc::no_child_process);
        const auto try_wait = [no_child](shared_type& child) -> std::optional<detail::outcome<exit_status>> {
            if (!child.process) {
                return {{no_child}};
            }
            if (const auto status = child.process->try_wait()) {
                return {{{}, *status}};
            }
            return std::nullopt;
        };
        return detail::async_composed<void(boost::system::error_code, exit_status)>(
            this->executor_, std::forward<CompletionToken>(token),
            detail::retry_op(this->shared_, try_wait, no_child));
    }

    /// Ends a child that still runs with SIGKILL, reaps and forgets it; outstanding waits complete with
    /// `operation_aborted`.
    void close() noexcept { this->let_go(); }
    using base::close;

private:
    launcher* process() const noexcept { return this->shared_ ? &*this->shared_->process : nullptr; }

    /// The launcher keeps its own descriptor.
    static boost::system::error_code watch(int pidfd, stream_type& end)
    {
        const int copy = ::fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            return {errno, boost::system::system_category()};
        }
        boost::system::error_code ec;
        end.assign(copy, ec);
        if (ec) {
            ::close(copy);
        }
        return ec;
    }
};

/// A child on any executor.
using child = basic_child<>;

} // namespace sctrace

#endif
