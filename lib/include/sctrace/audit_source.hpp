#ifndef SCTRACE_AUDIT_SOURCE_HPP
#define SCTRACE_AUDIT_SOURCE_HPP

#include <sctrace/detail/audit_reader.hpp>
#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/device_base.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <utility>

namespace sctrace {

/// The audit multicast socket: every audit record, complete, whether or not an audit daemon runs.
/**
 * Joins the netlink group AUDIT_NLGRP_READLOG, to which kauditd sends a copy of each record before anything
 * else (kernel/audit.c, kauditd_send_multicast_skb). All record types come through it; only serials are of
 * interest of those other than SECCOMP. There is no history: what was recorded before open() is not seen.
 *
 * Binding succeeds in any network namespace, but only sockets of the initial one ever receive anything.
 *
 * assign() takes any datagram socket. With release(), what was received and did not fit into the last batch
 * is lost.
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
class basic_audit_source : public detail::device_base<Executor, detail::audit_reader> {
    using base = detail::device_base<Executor, detail::audit_reader>;

public:
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

    using base::base;

    /// Joins the group, with a receive buffer of @p receive_buffer bytes if the kernel grants it.
    /**
     * @par Errors
     * EPERM without CAP_AUDIT_READ in the initial user namespace (kernel/audit.c, audit_multicast_bind),
     * EPROTONOSUPPORT where the kernel has no audit. The message says what to do, and is what
     * `.value()` throws.
     */
    boost::system::result<void, failure> open(std::size_t receive_buffer = default_receive_buffer)
    {
        this->let_go();
        return this->take(detail::open_audit_socket(receive_buffer), "the audit socket");
    }

    /// As open(); @p ec is the code of its failure.
    void open(std::size_t receive_buffer, boost::system::error_code& ec)
    {
        const auto opened = open(receive_buffer);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// The receive buffer that the kernel granted to open(), in bytes as it counts them.
    std::size_t receive_buffer() const noexcept { return this->opened().receive_buffer; }

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
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_read_batch(record_batch& batch, CompletionToken&& token = {})
    {
        const auto receive = [&batch](auto& device) {
            batch.clear();
            const auto ec = device.reader.receive(device.stream.native_handle(), batch);
            return detail::outcome_of(ec, batch);
        };
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            this->executor_, std::forward<CompletionToken>(token), detail::retry_op(this->shared_, receive));
    }
};

/// An audit source on any executor.
using audit_source = basic_audit_source<>;

} // namespace sctrace

#endif
