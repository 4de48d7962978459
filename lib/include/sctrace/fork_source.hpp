#ifndef SCTRACE_FORK_SOURCE_HPP
#define SCTRACE_FORK_SOURCE_HPP

#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/fork_reader.hpp>
#include <sctrace/detail/receive_op.hpp>
#include <sctrace/error.hpp>
#include <sctrace/process_event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <unistd.h>

namespace sctrace {

/// The process connector: the birth and the end of every process and thread of the host.
/**
 * A birth is in the socket before the new task first runs (kernel/fork.c, copy_process). So who receives a
 * record of a process and then calls read_available() knows that process's birth; and births come in an order
 * that respects descent. An end comes after others can see it (kernel/exit.c, do_exit, where exit_notify is
 * called first): it may be missing for a moment when waitpid(2) has returned, and the number may even have
 * got its next owner before it. If the task's parent has already taken leave of it, `parent` is 0.
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
 */
template <class Executor = boost::asio::any_io_executor>
class basic_fork_source {
public:
    using executor_type = Executor;

    template <class Executor1>
    struct rebind_executor {
        using other = basic_fork_source<Executor1>;
    };

    /// Enough for some 40 000 events while nobody reads; the memory is only used while they wait.
    static constexpr std::size_t default_receive_buffer = std::size_t{16} * 1024 * 1024;

    explicit basic_fork_source(const executor_type& ex)
        : socket_(ex)
    {
    }

    template <class ExecutionContext>
    explicit basic_fork_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : socket_(context.get_executor())
    {
    }

    basic_fork_source(basic_fork_source&&) = default;
    basic_fork_source& operator=(basic_fork_source&& other)
    {
        close();
        socket_ = std::move(other.socket_);
        subscriber_ = other.subscriber_;
        receive_buffer_ = other.receive_buffer_;
        return *this;
    }
    ~basic_fork_source() { close(); }

    executor_type get_executor() noexcept { return socket_.get_executor(); }

    /// Subscribes to fork and exit events, with a receive buffer of @p receive_buffer bytes if the kernel
    /// grants it.
    /**
     * A larger buffer than net.core.rmem_max takes CAP_NET_ADMIN; without it the kernel grants less.
     *
     * @par Errors
     * EPERM without CAP_NET_ADMIN before Linux 6.6, and in other pid or user namespaces than the initial
     * ones, where the kernel does not answer (drivers/connector/cn_proc.c, cn_proc_mcast_ctl); ECONNREFUSED
     * in other network namespaces; EPROTONOSUPPORT where the kernel has no connector. The message says what
     * to do.
     */
    boost::system::result<void, failure> open(std::size_t receive_buffer = default_receive_buffer)
    {
        close();
        const auto opened = detail::open_fork_socket(receive_buffer);
        if (!opened) {
            return opened.error();
        }
        assign(opened->descriptor);
        subscriber_ = ::getpid();
        receive_buffer_ = opened->receive_buffer;
        return {};
    }

    /// Takes over @p descriptor, a datagram socket; it is made non-blocking and closed by this object.
    /** @throws boost::system::system_error if it cannot be registered with the execution context. */
    void assign(int descriptor)
    {
        close();
        socket_.assign(descriptor);
        socket_.non_blocking(true);
    }

    bool is_open() const noexcept { return socket_.is_open(); }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return receive_buffer_; }

    /// Cancels outstanding operations; they complete with `operation_aborted`.
    void cancel()
    {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }

    /// Ends the subscription. Outstanding operations complete with `operation_aborted`.
    /** Called in a fork(2) of the process that opened the source, it leaves the subscription alone. */
    void close()
    {
        if (socket_.is_open() && subscriber_ == ::getpid()) {
            detail::end_fork_events(socket_.native_handle());
        }
        subscriber_ = 0;
        boost::system::error_code ignored;
        socket_.close(ignored);
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
        return detail::receive_process_events(socket_.native_handle(), batch);
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
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, std::size_t)>(
            detail::receive_op(socket_, receive_events{batch}), token, socket_);
    }

private:
    using stream_type = boost::asio::posix::basic_stream_descriptor<Executor>;

    struct receive_events {
        process_event_batch& batch;

        detail::received operator()(int descriptor) const
        {
            const std::size_t events = batch.events.size();
            const std::uint64_t overruns = batch.overruns;
            const boost::system::error_code ec = detail::receive_process_events(descriptor, batch);
            const std::size_t count = batch.events.size() - events;
            return {ec, count, ec || count != 0 || batch.overruns != overruns};
        }
    };

    stream_type socket_;
    // The process that subscribed; 0 for a descriptor that was assigned.
    pid_t subscriber_ = 0;
    std::size_t receive_buffer_ = 0;
};

/// A fork source on any executor.
using fork_source = basic_fork_source<>;

} // namespace sctrace

#endif
