#include "os/descriptor.hpp"
#include "os/os_error.hpp"

#include <sctrace/detail/fork_reader.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

using boost::system::error_code;

/// 76 bytes is what every kernel sends; one that sends more puts it behind.
constexpr std::size_t max_message = 128;
constexpr std::size_t messages_per_call = 64;

using message = std::array<char, max_message>;

/// What a message of the connector starts with: an nlmsghdr and a cn_msg, which as a member would not be
/// standard C++.
struct connector_header {
    nlmsghdr netlink;
    cb_id id;
    std::uint32_t sequence;
    std::uint32_t ack;
    std::uint16_t length;
    std::uint16_t flags;
};
static_assert(sizeof(connector_header) == NLMSG_LENGTH(sizeof(cn_msg)));

/// What the kernel is asked for: an operation, since Linux 6.6 optionally with a mask of events.
struct request {
    connector_header header;
    std::uint32_t operation;
    std::uint32_t events;
};

// Since Linux 6.6 the header has these constants in another scope.
constexpr std::uint32_t answer_event = 0;
constexpr std::uint32_t fork_event = 1;
constexpr std::uint32_t exit_event = 0x80000000;

failure cannot_listen(error_code code, const std::string& advice)
{
    return {code, "cannot receive process events: " + code.message() + advice};
}

failure cannot_listen(error_code code)
{
    switch (code.value()) {
    case EPERM:
    case EACCES:
        return cannot_listen(code, "; before Linux 6.6 it takes root or CAP_NET_ADMIN");
    case ECONNREFUSED:
        return cannot_listen(code, "; it takes the initial network namespace");
    case EPROTONOSUPPORT:
        return cannot_listen(code, "; this kernel was built without CONFIG_CONNECTOR");
    default:
        return cannot_listen(code, {});
    }
}

/// The kernel drops a request from the wrong namespace, and one that no part of it is for, without an answer.
failure no_answer()
{
    return {system_error(EPERM),
            "cannot receive process events: the kernel does not answer; it takes the initial pid and user "
            "namespaces and a kernel with CONFIG_PROC_EVENTS"};
}

error_code join_group(int socket) noexcept
{
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = CN_IDX_PROC;
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? error_code()
                                                                                            : system_error();
}

/// The socket's address: no other socket of the network namespace has it, and the kernel's own is 0.
std::uint32_t port_of(int socket) noexcept
{
    sockaddr_nl address = {};
    socklen_t length = sizeof address;
    static_cast<void>(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length));
    return address.nl_pid;
}

error_code send(int socket, request what, std::size_t payload) noexcept
{
    what.header.netlink.nlmsg_len = static_cast<std::uint32_t>(sizeof what.header + payload);
    what.header.netlink.nlmsg_type = NLMSG_DONE;
    what.header.id = {CN_IDX_PROC, CN_VAL_PROC};
    what.header.length = static_cast<std::uint16_t>(payload);
    for (;;) {
        if (::send(socket, &what, what.header.netlink.nlmsg_len, 0) >= 0) {
            return {};
        }
        if (errno != EINTR) {
            return system_error();
        }
    }
}

error_code send_operation(int socket, std::uint32_t operation, std::uint32_t mark) noexcept
{
    request what = {};
    what.header.ack = mark;
    what.operation = operation;
    return send(socket, what, sizeof what.operation);
}

/// Spares the reader all other events. A kernel before 6.6 ignores a request of this length.
void narrow_events(int socket) noexcept
{
    request what = {};
    what.operation = PROC_CN_MCAST_LISTEN;
    what.events = fork_event | exit_event;
    static_cast<void>(send(socket, what, sizeof what.operation + sizeof what.events));
}

/// A message of the process connector, without what the kernel appended to it in later versions.
struct received_event {
    connector_header header;
    proc_event event;
};

std::uint32_t kind_of(const proc_event& event) noexcept
{
    return static_cast<std::uint32_t>(event.what);
}

enum class reading {
    event,
    too_short,
    /// Of another sender, or no message of the process connector.
    foreign,
};

reading read_message(const message& bytes, std::size_t length, const sockaddr_nl& sender,
                     received_event& read) noexcept
{
    if (sender.nl_pid != 0 || length < sizeof read.header) {
        return reading::foreign;
    }
    std::memcpy(&read.header, bytes.data(), sizeof read.header);
    const cb_id& id = read.header.id;
    if (id.idx != CN_IDX_PROC || id.val != CN_VAL_PROC) {
        return reading::foreign;
    }
    if (length < sizeof read.header + sizeof read.event) {
        return reading::too_short;
    }
    std::memcpy(&read.event, bytes.data() + sizeof read.header, sizeof read.event);
    return reading::event;
}

/// The kernel's answer to the request that was sent with @p mark; a positive errno, or 0.
/**
 * The kernel answers before send() returns, and to the whole group: answers to others come too.
 */
std::optional<int> answer_to(int socket, std::uint32_t mark) noexcept
{
    message bytes;
    received_event read = {};
    for (;;) {
        sockaddr_nl sender = {};
        socklen_t length = sizeof sender;
        const ssize_t size = ::recvfrom(socket, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                        reinterpret_cast<sockaddr*>(&sender), &length);
        if (size < 0 && errno != EINTR && errno != ENOBUFS) {
            return std::nullopt;
        }
        if (size >= 0 &&
            read_message(bytes, static_cast<std::size_t>(size), sender, read) == reading::event &&
            kind_of(read.event) == answer_event && read.header.ack == mark + 1) {
            return std::abs(static_cast<int>(read.event.event_data.ack.err));
        }
    }
}

std::optional<failure> listen(int socket)
{
    const std::uint32_t mark = port_of(socket);
    if (const error_code failed = send_operation(socket, PROC_CN_MCAST_LISTEN, mark)) {
        return cannot_listen(failed);
    }
    const auto answer = answer_to(socket, mark);
    if (!answer) {
        return no_answer();
    }
    if (*answer != 0) {
        return cannot_listen(system_error(*answer));
    }
    // Only now: the kernel does not send answers to a socket that asked for certain events.
    narrow_events(socket);
    return std::nullopt;
}

void append(process_event_batch& batch, const proc_event& event)
{
    const std::chrono::nanoseconds time(event.timestamp_ns);
    if (kind_of(event) == fork_event) {
        const auto& f = event.event_data.fork;
        batch.events.push_back({process_event::kind::fork, time, f.child_tgid, f.child_pid, f.parent_tgid});
    } else if (kind_of(event) == exit_event) {
        const auto& e = event.event_data.exit;
        batch.events.push_back(
            {process_event::kind::exit, time, e.process_tgid, e.process_pid, e.parent_tgid});
    }
}

void take(process_event_batch& batch, const message& bytes, std::size_t length, const sockaddr_nl& sender)
{
    received_event read = {};
    switch (read_message(bytes, length, sender, read)) {
    case reading::event:
        append(batch, read.event);
        break;
    case reading::too_short:
        ++batch.overruns;
        break;
    case reading::foreign:
        break;
    }
}

/// Room for many messages, and for who sent them.
struct message_slots {
    std::array<message, messages_per_call> bytes;
    std::array<sockaddr_nl, messages_per_call> senders{};
    std::array<iovec, messages_per_call> vectors{};
    std::array<mmsghdr, messages_per_call> headers{};

    int receive(int socket) noexcept
    {
        for (std::size_t i = 0; i < messages_per_call; ++i) {
            vectors[i] = {bytes[i].data(), bytes[i].size()};
            headers[i] = {};
            headers[i].msg_hdr.msg_name = &senders[i];
            headers[i].msg_hdr.msg_namelen = sizeof senders[i];
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        return ::recvmmsg(socket, headers.data(), messages_per_call, MSG_DONTWAIT, nullptr);
    }

    std::size_t length(std::size_t slot) const noexcept { return headers[slot].msg_len; }
};

} // namespace

boost::system::result<fork_socket, failure> open_fork_socket(std::size_t bytes)
{
    unique_descriptor socket(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
    if (!socket) {
        return cannot_listen(system_error());
    }
    if (const error_code failed = join_group(socket.get())) {
        return cannot_listen(failed);
    }
    if (auto failed = listen(socket.get())) {
        return std::move(*failed);
    }
    // After the answer, for which a small buffer might have no room.
    const std::size_t granted = grow_receive_buffer(socket.get(), bytes);
    return fork_socket{socket.release(), granted, ::getpid()};
}

void end_fork_events(int socket) noexcept
{
    static_cast<void>(send_operation(socket, PROC_CN_MCAST_IGNORE, 0));
}

void fork_reader::leave(const fork_socket& socket) noexcept
{
    if (socket.subscriber == ::getpid()) {
        end_fork_events(socket.descriptor);
    }
}

error_code receive_process_events(int socket, process_event_batch& batch)
{
    message_slots slots;
    for (;;) {
        const int count = slots.receive(socket);
        for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
            if (slots.length(i) == 0) {
                return system_error(ENOTCONN);
            }
            take(batch, slots.bytes[i], slots.length(i), slots.senders[i]);
        }
        if (count < 0 && errno == ENOBUFS) {
            ++batch.overruns;
        } else if (count < 0 && errno != EINTR) {
            return errno == EAGAIN ? error_code() : system_error();
        }
    }
}

} // namespace sctrace::detail
