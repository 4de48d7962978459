#ifndef SCTRACE_DETAIL_FORK_READER_HPP
#define SCTRACE_DETAIL_FORK_READER_HPP

#include <sctrace/error.hpp>
#include <sctrace/process_event.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>

#include <sys/types.h>

namespace sctrace::detail {

/// An opened socket of the process connector.
struct fork_socket {
    int descriptor = -1;
    /// The receive buffer that the kernel granted, in bytes as it counts them.
    std::size_t receive_buffer = 0;
    /// The process that subscribed; 0 for a descriptor that somebody else opened.
    pid_t subscriber = 0;
};

/// Subscribes to fork and exit events, with a receive buffer of @p bytes.
/**
 * The socket is non-blocking. The size needs CAP_NET_ADMIN (SO_RCVBUFFORCE); without it the kernel grants at
 * most net.core.rmem_max.
 *
 * @par Errors
 * EPERM where the kernel refuses or does not answer, ECONNREFUSED in a network namespace other than the
 * initial one, EPROTONOSUPPORT without CONFIG_CONNECTOR. The message says what to do.
 */
boost::system::result<fork_socket, failure> open_fork_socket(std::size_t bytes);

/// Ends the subscription that open_fork_socket() made; the socket is to be closed next.
/**
 * The kernel counts who listens and makes events while anybody does; the end of a socket alone does not lower
 * the count (drivers/connector/cn_proc.c, cn_proc_mcast_ctl).
 */
void end_fork_events(int socket) noexcept;

/// Appends the events that are queued, until the socket is empty.
/**
 * Messages of any other sender than the kernel (netlink port id 0) and of any other kind are dropped. ENOBUFS
 * is an overrun of the batch, not an error: the socket's buffer overran, and the events that are missing
 * belong behind those that were still queued (net/netlink/af_netlink.c, netlink_overrun). An event of the
 * kernel that is too short to be read counts like one.
 *
 * @par Errors
 * errno of the socket; ENOTCONN where the other end of a stand-in for the kernel was closed. What came before
 * an error is in the batch.
 */
boost::system::error_code receive_process_events(int socket, process_event_batch& batch);

/// What a source does with its socket besides.
struct fork_reader {
    using opened_type = fork_socket;

    explicit fork_reader(const fork_socket&) noexcept {}

    static fork_socket identify(int descriptor) noexcept { return {descriptor}; }

    /// A fork(2) of the process that subscribed leaves the subscription alone.
    static void leave(const fork_socket& socket) noexcept;
};

} // namespace sctrace::detail

#endif
