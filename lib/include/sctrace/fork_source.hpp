#ifndef SCTRACE_FORK_SOURCE_HPP
#define SCTRACE_FORK_SOURCE_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/device_handle.hpp>
#include <sctrace/detail/fork_reader.hpp>
#include <sctrace/detail/receive_op.hpp>
#include <sctrace/error.hpp>
#include <sctrace/process_event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <unistd.h>

namespace sctrace {

/// The process connector: the birth and the end of every process and thread of the host.
/**
 * A birth is in the socket before the new task first runs (kernel/fork.c, copy_process). So a program
 * that receives a record of a process and then calls read_available() knows that process's birth; and births
 * come in an order that respects descent. An end comes after others can see it (kernel/exit.c, do_exit, where
 * exit_notify is called first): it may be missing for a moment when waitpid(2) has returned, and the number
 * may even have got its next owner before it. If the task's parent has already reaped it, `parent` is 0.
 *
 * Events of tasks that do not depend on each other may come in another order than their times say: the time
 * is taken before the event is queued.
 *
 * There is no history: what was made before open() is not seen. Where the kernel has no memory for an event
 * it drops it without a trace.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe. All operations must run within one implicit or explicit
 * strand.
 *
 * @par Object lifetimes
 * Outstanding operations share the open descriptor with the object: it may be moved or destroyed before they
 * complete, but not the execution context before the object.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::fork_source source(context);
 * const auto opened = source.open();
 * if (!opened) {
 *     std::cout << opened.error().message << '\n';
 *     return;
 * }
 * sctrace::process_event_batch batch;
 * source.async_read_events(batch, [&](boost::system::error_code ec, std::size_t events) {
 *     std::cout << ec.message() << ": " << events << " events\n";
 * });
 * static_cast<void>(sctrace::emit_bracket()); // makes a child
 * context.run_for(std::chrono::seconds(1));
 * source.close();
 * std::cout << "done\n";
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor>
class basic_fork_source {
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_fork_source<Executor1>;
    };

    /// Enough for some 40 000 events while nothing reads them; the memory is only used while they wait.
    static constexpr std::size_t default_receive_buffer = std::size_t{16} * 1024 * 1024;

    /// A closed source that runs on @p ex.
    explicit basic_fork_source(const executor_type& ex)
        : device_(ex)
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_fork_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_fork_source(executor_type(context.get_executor()))
    {
    }

    /// Takes over @p descriptor as assign() does.
    basic_fork_source(const executor_type& ex, int descriptor)
        : basic_fork_source(ex)
    {
        assign(descriptor);
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    basic_fork_source(ExecutionContext& context, int descriptor) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_fork_source(executor_type(context.get_executor()), descriptor)
    {
    }

    /// @p other is then as if made from its executor alone. Outstanding operations go on.
    basic_fork_source(basic_fork_source&& other) noexcept
        : device_(std::move(other.device_))
        , subscriber_(std::exchange(other.subscriber_, 0))
        , receive_buffer_(other.receive_buffer_)
    {
    }
    /// Closes what was open in this object; its outstanding operations complete with `operation_aborted`.
    basic_fork_source& operator=(basic_fork_source&& other) noexcept
    {
        if (this != &other) {
            abandon();
            device_ = std::move(other.device_);
            subscriber_ = std::exchange(other.subscriber_, 0);
            receive_buffer_ = other.receive_buffer_;
        }
        return *this;
    }

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1>
    basic_fork_source(basic_fork_source<Executor1>&& other) requires(!std::same_as<Executor1, Executor> &&
                                                                     std::convertible_to<Executor1, Executor>)
        : device_(std::move(other.device_))
        , subscriber_(std::exchange(other.subscriber_, 0))
        , receive_buffer_(other.receive_buffer_)
    {
    }
    /// As the constructor from another kind of executor, and a move.
    template <class Executor1>
    basic_fork_source&
    operator=(basic_fork_source<Executor1>&& other) requires(!std::same_as<Executor1, Executor> &&
                                                             std::convertible_to<Executor1, Executor>)
    {
        return *this = basic_fork_source(std::move(other));
    }

    /// As close().
    ~basic_fork_source() { abandon(); }

    /// The executor that it was made with.
    executor_type get_executor() const noexcept { return device_.get_executor(); }

    /// Subscribes to fork and exit events, with a receive buffer of @p receive_buffer bytes if the kernel
    /// grants it.
    /**
     * A larger buffer than net.core.rmem_max takes CAP_NET_ADMIN; without it the kernel grants less.
     *
     * @par Errors
     * EPERM without CAP_NET_ADMIN before Linux 6.6, and in other pid or user namespaces than the initial
     * ones, where the kernel does not answer (drivers/connector/cn_proc.c, cn_proc_mcast_ctl); ECONNREFUSED
     * in other network namespaces; EPROTONOSUPPORT where the kernel has no connector. The message says what
     * to do, and is what `.value()` throws.
     */
    boost::system::result<void, failure> open(std::size_t receive_buffer = default_receive_buffer)
    {
        abandon();
        const auto opened = detail::open_fork_socket(receive_buffer);
        if (!opened) {
            return opened.error();
        }
        boost::system::error_code ec;
        assign(opened->descriptor, ec);
        if (ec) {
            detail::end_fork_events(opened->descriptor);
            ::close(opened->descriptor);
            return failure{ec, "cannot wait for the process connector: " + ec.message()};
        }
        subscriber_ = ::getpid();
        receive_buffer_ = opened->receive_buffer;
        return {};
    }

    /// As open(); @p ec is the code of its failure.
    void open(std::size_t receive_buffer, boost::system::error_code& ec)
    {
        const auto opened = open(receive_buffer);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// Takes over @p descriptor, a datagram socket; it is made non-blocking and closed by this
    /// object.
    /**
     * What was open before is closed.
     *
     * @throws boost::system::system_error if it cannot be registered with the execution context; it stays the
     *     caller's then.
     */
    void assign(int descriptor)
    {
        boost::system::error_code ec;
        assign(descriptor, ec);
        detail::throw_if(ec);
    }

    /// As assign(int); @p ec says whether it failed.
    void assign(int descriptor, boost::system::error_code& ec)
    {
        abandon();
        device_.assign(descriptor, {}, ec);
    }

    /// Whether there is a socket.
    bool is_open() const noexcept { return device_.is_open(); }

    /// The descriptor, or -1 while none is open; it stays this object's.
    int native_handle() const noexcept { return device_.native_handle(); }

    /// Gives the descriptor away, which stays non-blocking and subscribed; -1 if none was open.
    /** Outstanding operations complete with `operation_aborted`. */
    int release()
    {
        subscriber_ = 0;
        return device_.release();
    }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return receive_buffer_; }

    /// Cancels outstanding operations; they complete with `operation_aborted`. Does nothing while nothing is
    /// open.
    /** @throws boost::system::system_error */
    void cancel() { device_.cancel(); }

    /// As cancel(), but reports `bad_descriptor` while nothing is open.
    void cancel(boost::system::error_code& ec) { device_.cancel(ec); }

    /// Ends the subscription. Outstanding operations complete with `operation_aborted`.
    /**
     * Called in a fork(2) of the process that opened the source, it leaves the subscription alone.
     *
     * @throws boost::system::system_error The descriptor is closed all the same.
     */
    void close()
    {
        boost::system::error_code ec;
        close(ec);
        detail::throw_if(ec);
    }

    /// As close(); @p ec says whether it failed.
    void close(boost::system::error_code& ec)
    {
        if (is_open() && subscriber_ == ::getpid()) {
            detail::end_fork_events(native_handle());
        }
        subscriber_ = 0;
        device_.close(ec);
    }

    /// Appends what is queued to @p batch, without waiting.
    /**
     * May be called while async_read_events() is outstanding, which then goes on to wait.
     *
     * @par Errors
     * errno of the socket; what came before it is in the batch. That nothing is there is no error, and
     * ENOBUFS never surfaces: it is an overrun of the batch.
     */
    boost::system::error_code read_available(process_event_batch& batch)
    {
        return detail::receive_process_events(native_handle(), batch);
    }

    /// Waits until there are events or an overrun, and appends all that are there to @p batch.
    /**
     * @param batch Must stay valid until the operation completes; it is not cleared.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, std::size_t events) @endcode
     * `events` is how many the operation appended.
     *
     * @par Preconditions
     * The source is open; no other async_read_events() of it is outstanding.
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: nothing that was received is lost, it is in the batch.
     *
     * @par Errors
     * `asio::error::operation_aborted`, or errno of the socket. ENOBUFS never surfaces: it is an overrun of
     * the batch.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_read_events(process_event_batch& batch, CompletionToken&& token = {})
    {
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            get_executor(), std::forward<CompletionToken>(token),
            detail::receive_op(device_.device(), receive_events{batch}));
    }

private:
    template <class Executor1>
    friend class basic_fork_source;

    using stream_type = boost::asio::posix::basic_stream_descriptor<Executor>;
    using handle_type = detail::device_handle<Executor, stream_type, detail::no_reader_state>;

    struct receive_events {
        process_event_batch& batch;

        detail::received operator()(typename handle_type::device_type& device) const
        {
            const std::size_t events = batch.events.size();
            const std::uint64_t overruns = batch.overruns;
            const auto ec = detail::receive_process_events(device.stream.native_handle(), batch);
            const std::size_t count = batch.events.size() - events;
            return {ec, count, ec || count != 0 || batch.overruns != overruns};
        }
    };

    void abandon() noexcept
    {
        boost::system::error_code ignored;
        close(ignored);
    }

    handle_type device_;
    // The process that subscribed; 0 for a descriptor that was assigned.
    pid_t subscriber_ = 0;
    std::size_t receive_buffer_ = 0;
};

/// A fork source on any executor.
using fork_source = basic_fork_source<>;

} // namespace sctrace

#endif
