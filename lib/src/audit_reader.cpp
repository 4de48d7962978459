#include "receive_buffer.hpp"
#include "system_error.hpp"
#include "unique_descriptor.hpp"

#include <sctrace/detail/audit_reader.hpp>

#include <boost/system/errc.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace sctrace::detail {

namespace {

using boost::system::error_code;

failure cannot_listen(error_code code)
{
    std::string message = "cannot join the audit multicast group: " + code.message();
    if (code.value() == EPERM) {
        message += "; it takes root or CAP_AUDIT_READ in the initial user namespace";
    } else if (code.value() == EPROTONOSUPPORT) {
        message += "; this kernel was built without CONFIG_AUDIT";
    }
    return {code, std::move(message)};
}

bool join_group(int socket) noexcept
{
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

} // namespace

boost::system::result<audit_socket, failure> open_audit_socket(std::size_t bytes)
{
    unique_descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
    if (!socket) {
        return cannot_listen(system_error());
    }
    const std::size_t granted = grow_receive_buffer(socket.get(), bytes);
    if (!join_group(socket.get())) {
        return cannot_listen(system_error());
    }
    return audit_socket{socket.release(), granted};
}

// One page-aligned slot a message: a short record touches one page of its slot only.
struct audit_reader::slots {
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(messages_per_call * max_message);
    std::array<sockaddr_nl, messages_per_call> senders{};
    std::array<iovec, messages_per_call> vectors{};
    std::array<mmsghdr, messages_per_call> headers{};

    char* at(std::size_t slot) noexcept { return bytes.get() + slot * max_message; }

    void reset(std::size_t count) noexcept
    {
        for (std::size_t i = 0; i < count; ++i) {
            vectors[i] = {at(i), max_message};
            headers[i] = {};
            headers[i].msg_hdr.msg_name = &senders[i];
            headers[i].msg_hdr.msg_namelen = sizeof senders[i];
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
    }
};

audit_reader::audit_reader()
    : slots_(std::make_unique<slots>())
{
}

audit_reader::audit_reader(audit_reader&&) noexcept = default;
audit_reader& audit_reader::operator=(audit_reader&&) noexcept = default;
audit_reader::~audit_reader() = default;

error_code audit_reader::receive(int descriptor, record_batch& batch)
{
    for (;;) {
        take_received(batch);
        if (next_ != received_ || !batch.has_room(0)) {
            return {};
        }
        slots_->reset(messages_per_call);
        const int count =
            ::recvmmsg(descriptor, slots_->headers.data(), messages_per_call, MSG_DONTWAIT, nullptr);
        if (count >= 0) {
            next_ = 0;
            received_ = static_cast<std::size_t>(count);
        } else if (errno == ENOBUFS) {
            ++batch.losses().overruns;
        } else if (errno != EINTR) {
            return system_error();
        }
    }
}

void audit_reader::take_received(record_batch& batch)
{
    while (next_ != received_ && batch.has_room(slots_->headers[next_].msg_len)) {
        take(batch, next_++);
    }
}

void audit_reader::take(record_batch& batch, std::size_t slot)
{
    const mmsghdr& received = slots_->headers[slot];
    if (slots_->senders[slot].nl_pid != 0) {
        return;
    }
    nlmsghdr header = {};
    if ((received.msg_hdr.msg_flags & MSG_TRUNC) != 0 || received.msg_len < sizeof header) {
        ++batch.losses().malformed;
        return;
    }
    const char* const message = slots_->at(slot);
    std::memcpy(&header, message, sizeof header);
    const std::size_t length = received.msg_len - sizeof header;
    char* const text = batch.free_space().data();
    std::memcpy(text, message + sizeof header, length);
    batch.append(length, {header.nlmsg_type, {text, length}, false});
}

} // namespace sctrace::detail
