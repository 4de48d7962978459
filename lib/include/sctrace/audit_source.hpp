#ifndef SCTRACE_AUDIT_SOURCE_HPP
#define SCTRACE_AUDIT_SOURCE_HPP

#include <sctrace/detail/audit_reader.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/receive_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <concepts>
#include <cstddef>

#include <poll.h>

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
 */
template <class Executor = boost::asio::any_io_executor>
class basic_audit_source {
public:
    using executor_type = Executor;

    template <class Executor1>
    struct rebind_executor {
        using other = basic_audit_source<Executor1>;
    };

    /// Enough for some 30 000 records while nobody reads; the memory is only used while they wait.
    static constexpr std::size_t default_receive_buffer = std::size_t{64} * 1024 * 1024;

    /// The bytes of a batch that is read fastest: it stays in the processor's cache until it is parsed.
    static constexpr std::size_t batch_bytes = std::size_t{64} * 1024;

    explicit basic_audit_source(const executor_type& ex)
        : socket_(ex)
    {
    }

    template <class ExecutionContext>
    explicit basic_audit_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : socket_(context.get_executor())
    {
    }

    basic_audit_source(basic_audit_source&&) = default;
    basic_audit_source& operator=(basic_audit_source&&) = default;

    executor_type get_executor() noexcept { return socket_.get_executor(); }

    /// Joins the group, with a receive buffer of @p receive_buffer bytes if the kernel grants it.
    /**
     * @par Errors
     * EPERM without CAP_AUDIT_READ in the initial user namespace (kernel/audit.c, audit_multicast_bind),
     * EPROTONOSUPPORT where the kernel has no audit. The message says what to do.
     */
    boost::system::result<void, failure> open(std::size_t receive_buffer = default_receive_buffer)
    {
        close();
        const auto opened = detail::open_audit_socket(receive_buffer);
        if (!opened) {
            return opened.error();
        }
        assign(opened->descriptor);
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
        reader_ = detail::audit_reader();
    }

    bool is_open() const noexcept { return socket_.is_open(); }

    /// Whether a read would find something right now, be it that the buffer overran.
    bool readable()
    {
        pollfd descriptor{socket_.native_handle(), POLLIN, 0};
        return is_open() && ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLIN | POLLERR)) != 0;
    }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return receive_buffer_; }

    /// Cancels outstanding operations; they complete with `operation_aborted`.
    void cancel()
    {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }

    void close()
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

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
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, std::size_t)>(
            detail::receive_op(socket_, receive_batch{reader_, batch}), token, socket_);
    }

private:
    using stream_type = boost::asio::posix::basic_stream_descriptor<Executor>;

    struct receive_batch {
        detail::audit_reader& reader;
        record_batch& batch;

        detail::received operator()(int descriptor) const
        {
            batch.clear();
            const boost::system::error_code ec = reader.receive(descriptor, batch);
            if (!batch.empty() || batch.losses().any()) {
                return {{}, batch.messages().size(), true};
            }
            return {ec, 0, ec && ec != boost::asio::error::would_block};
        }
    };

    stream_type socket_;
    detail::audit_reader reader_;
    std::size_t receive_buffer_ = 0;
};

/// An audit source on any executor.
using audit_source = basic_audit_source<>;

} // namespace sctrace

#endif
