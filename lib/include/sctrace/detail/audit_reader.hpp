#ifndef SCTRACE_DETAIL_AUDIT_READER_HPP
#define SCTRACE_DETAIL_AUDIT_READER_HPP

#include <sctrace/error.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>

namespace sctrace::detail {

/// An opened socket of the audit multicast group.
struct audit_socket {
    int descriptor = -1;
    /// The receive buffer that the kernel granted, in bytes as it counts them.
    std::size_t receive_buffer = 0;
};

/// Joins the audit multicast group AUDIT_NLGRP_READLOG with a receive buffer of @p bytes.
/**
 * The socket is non-blocking. The size needs CAP_NET_ADMIN (SO_RCVBUFFORCE); without it the kernel grants at
 * most net.core.rmem_max.
 *
 * @par Errors
 * EPERM without CAP_AUDIT_READ in the initial user namespace (kernel/audit.c, audit_multicast_bind),
 * EPROTONOSUPPORT where the kernel has no audit. The message says what to do.
 */
boost::system::result<audit_socket, failure> open_audit_socket(std::size_t bytes);

/// Receives messages of an audit socket, many at once, and puts them into batches.
/**
 * Messages of any other sender than the kernel (netlink port id 0) are dropped. The length of a payload is
 * that of the received message less the header: the header's own length field differs between kernel
 * versions.
 */
class audit_reader {
public:
    using opened_type = audit_socket;

    /// The longest record: a path of PATH_MAX bytes in hexadecimal and the other fields; with room to spare.
    static constexpr std::size_t max_message = std::size_t{16} * 1024;
    static constexpr std::size_t messages_per_call = 64;

    audit_reader();
    explicit audit_reader(const audit_socket&)
        : audit_reader()
    {
    }
    audit_reader(audit_reader&&) noexcept;
    audit_reader& operator=(audit_reader&&) noexcept;
    ~audit_reader();

    static audit_socket identify(int descriptor) noexcept { return {descriptor}; }
    static void leave(const audit_socket&) noexcept {}

    /// Receives what is there, until the socket is empty (would_block) or the batch is full (no error).
    /**
     * ENOBUFS is a loss of the batch, not an error: the socket's buffer overran, and the messages that are
     * missing belong behind those that were still queued (net/netlink/af_netlink.c, netlink_overrun).
     */
    boost::system::error_code receive(int descriptor, record_batch& batch);

private:
    struct places;

    void take_received(record_batch& batch, std::size_t count);
    void take_kept(record_batch& batch);
    void keep(const char* received, std::size_t first, std::size_t count);
    bool is_message(std::size_t place, source_losses& losses) const;
    std::size_t length_of(std::size_t place) const;

    std::unique_ptr<places> places_;
    // The places whose messages did not fit into the last batch.
    std::size_t next_kept_ = 0;
    std::size_t end_of_kept_ = 0;
};

} // namespace sctrace::detail

#endif
