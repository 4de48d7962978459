#ifndef SCTRACE_FORK_SOURCE_HPP
#define SCTRACE_FORK_SOURCE_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/device_base.hpp>
#include <sctrace/detail/fork_reader.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/error.hpp>
#include <sctrace/process_event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

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
 * What open() subscribed to, close() ends, but in a fork(2) of the process that opened the source; release()
 * leaves the socket subscribed. assign() takes any datagram socket.
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
class basic_fork_source : public detail::device_base<Executor, detail::fork_reader> {
    using base = detail::device_base<Executor, detail::fork_reader>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_fork_source<Executor1>;
    };

    /// Enough for some 40 000 events while nothing reads them; the memory is only used while they wait.
    static constexpr std::size_t default_receive_buffer = std::size_t{16} * 1024 * 1024;

    using base::base;

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
        this->let_go();
        return this->take(detail::open_fork_socket(receive_buffer), "the process connector");
    }

    /// As open(); @p ec is the code of its failure.
    void open(std::size_t receive_buffer, boost::system::error_code& ec)
    {
        const auto opened = open(receive_buffer);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return this->opened().receive_buffer; }

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
        return detail::receive_process_events(this->native_handle(), batch);
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
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_read_events(process_event_batch& batch, CompletionToken&& token = {})
    {
        const auto receive = [&batch](auto& device) -> std::optional<detail::outcome<std::size_t>> {
            const std::size_t events = batch.events.size();
            const std::uint64_t overruns = batch.overruns;
            const auto ec = detail::receive_process_events(device.stream.native_handle(), batch);
            const std::size_t count = batch.events.size() - events;
            if (ec || count != 0 || batch.overruns != overruns) {
                return {{ec, count}};
            }
            return std::nullopt;
        };
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            this->executor_, std::forward<CompletionToken>(token), detail::retry_op(this->shared_, receive));
    }
};

/// A fork source on any executor.
using fork_source = basic_fork_source<>;

} // namespace sctrace

#endif
