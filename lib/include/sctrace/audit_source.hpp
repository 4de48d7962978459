#ifndef SCTRACE_AUDIT_SOURCE_HPP
#define SCTRACE_AUDIT_SOURCE_HPP

#include <sctrace/detail/audit_reader.hpp>
#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/device_handle.hpp>
#include <sctrace/detail/receive_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace sctrace {

/// The audit multicast socket: every audit record, complete, whether or not an audit daemon runs.
/**
 * Joins the netlink group AUDIT_NLGRP_READLOG, to which kauditd sends a copy of each record before anything
 * else (kernel/audit.c, kauditd_send_multicast_skb). All record types come through it; only serials are of
 * interest of those other than SECCOMP. There is no history: what was recorded before open() is not seen.
 *
 * Binding succeeds in any network namespace, but only sockets of the initial one ever receive anything.
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
 * sctrace::audit_source source(context);
 * const auto opened = source.open();
 * if (!opened) {
 *     std::cout << opened.error().message << '\n';
 *     return;
 * }
 * sctrace::record_batch batch;
 * source.async_read_batch(batch, [&](boost::system::error_code ec, std::size_t messages) {
 *     std::cout << ec.message() << ": " << messages << " records\n";
 * });
 * static_cast<void>(sctrace::emit_bracket()); // a record to wait for
 * context.run_for(std::chrono::seconds(1));
 * source.close();
 * std::cout << "done\n";
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor>
class basic_audit_source {
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_audit_source<Executor1>;
    };

    /// Enough for some 30 000 records while nothing reads them; the memory is only used while they wait.
    static constexpr std::size_t default_receive_buffer = std::size_t{64} * 1024 * 1024;

    /// The bytes of a batch that is read fastest: it stays in the processor's cache until it is parsed.
    static constexpr std::size_t batch_bytes = std::size_t{64} * 1024;

    /// A closed source that runs on @p ex.
    explicit basic_audit_source(const executor_type& ex)
        : device_(ex)
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_audit_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_audit_source(executor_type(context.get_executor()))
    {
    }

    /// Takes over @p descriptor as assign() does.
    basic_audit_source(const executor_type& ex, int descriptor)
        : basic_audit_source(ex)
    {
        assign(descriptor);
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    basic_audit_source(ExecutionContext& context, int descriptor) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_audit_source(executor_type(context.get_executor()), descriptor)
    {
    }

    /// @p other is then as if made from its executor alone. Outstanding operations go on.
    basic_audit_source(basic_audit_source&& other) noexcept = default;
    /// Closes what was open in this object; its outstanding operations complete with `operation_aborted`.
    basic_audit_source& operator=(basic_audit_source&& other) noexcept = default;

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1>
    basic_audit_source(basic_audit_source<Executor1>&& other) requires(
        !std::same_as<Executor1, Executor> && std::convertible_to<Executor1, Executor>)
        : device_(std::move(other.device_))
        , receive_buffer_(other.receive_buffer_)
    {
    }
    /// As the constructor from another kind of executor, and a move.
    template <class Executor1>
    basic_audit_source&
    operator=(basic_audit_source<Executor1>&& other) requires(!std::same_as<Executor1, Executor> &&
                                                              std::convertible_to<Executor1, Executor>)
    {
        return *this = basic_audit_source(std::move(other));
    }

    /// Closes the descriptor; outstanding operations complete with `operation_aborted`.
    ~basic_audit_source() = default;

    /// The executor that it was made with.
    executor_type get_executor() const noexcept { return device_.get_executor(); }

    /// Joins the group, with a receive buffer of @p receive_buffer bytes if the kernel grants it.
    /**
     * @par Errors
     * EPERM without CAP_AUDIT_READ in the initial user namespace (kernel/audit.c, audit_multicast_bind),
     * EPROTONOSUPPORT where the kernel has no audit. The message says what to do, and is what
     * `.value()` throws.
     */
    boost::system::result<void, failure> open(std::size_t receive_buffer = default_receive_buffer)
    {
        device_.abandon();
        const auto opened = detail::open_audit_socket(receive_buffer);
        if (!opened) {
            return opened.error();
        }
        boost::system::error_code ec;
        assign(opened->descriptor, ec);
        if (ec) {
            ::close(opened->descriptor);
            return failure{ec, "cannot wait for the audit socket: " + ec.message()};
        }
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
        device_.assign(descriptor, detail::audit_reader(), ec);
    }

    /// Whether there is a socket.
    bool is_open() const noexcept { return device_.is_open(); }

    /// The descriptor, or -1 while none is open; it stays this object's.
    int native_handle() const noexcept { return device_.native_handle(); }

    /// Gives the descriptor away, which stays non-blocking; -1 if none was open.
    /** Outstanding operations complete with `operation_aborted`. What was received and did not fit into the
     * last batch is lost. */
    int release() { return device_.release(); }

    /// Whether a read would find something right now, be it that the buffer overran.
    bool readable() const noexcept { return device_.has(POLLIN | POLLERR); }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return receive_buffer_; }

    /// Cancels outstanding operations; they complete with `operation_aborted`. Does nothing while nothing is
    /// open.
    /** @throws boost::system::system_error */
    void cancel() { device_.cancel(); }

    /// As cancel(), but reports `bad_descriptor` while nothing is open.
    void cancel(boost::system::error_code& ec) { device_.cancel(ec); }

    /// Outstanding operations complete with `operation_aborted`. Does nothing while nothing is open.
    /** @throws boost::system::system_error The descriptor is closed all the same. */
    void close() { device_.close(); }

    /// As close(); @p ec says whether it failed.
    void close(boost::system::error_code& ec) { device_.close(ec); }

    /// Fills @p batch with the next records.
    /**
     * Clears the batch, waits for the first record, then takes what is there without waiting, until the
     * socket is empty or the batch is full. Completes with at least one message or a noted loss.
     *
     * @param batch Must stay valid until the operation completes.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, std::size_t messages) @endcode
     *
     * @par Preconditions
     * The source is open; no other async_read_batch() of it is outstanding.
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: nothing that was received is lost, it is in the batch.
     *
     * @par Errors
     * `asio::error::operation_aborted`, or errno of the socket. ENOBUFS never surfaces: it is a loss of the
     * batch.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_read_batch(record_batch& batch, CompletionToken&& token = {})
    {
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            get_executor(), std::forward<CompletionToken>(token),
            detail::receive_op(device_.device(), receive_batch{batch}));
    }

private:
    template <class Executor1>
    friend class basic_audit_source;

    using stream_type = boost::asio::posix::basic_stream_descriptor<Executor>;
    using handle_type = detail::device_handle<Executor, stream_type, detail::audit_reader>;

    struct receive_batch {
        record_batch& batch;

        detail::received operator()(typename handle_type::device_type& device) const
        {
            batch.clear();
            const auto ec = device.reader.receive(device.stream.native_handle(), batch);
            if (!batch.empty() || batch.losses().any()) {
                return {{}, batch.messages().size(), true};
            }
            return {ec, 0, ec && ec != boost::asio::error::would_block};
        }
    };

    handle_type device_;
    std::size_t receive_buffer_ = 0;
};

/// An audit source on any executor.
using audit_source = basic_audit_source<>;

} // namespace sctrace

#endif
