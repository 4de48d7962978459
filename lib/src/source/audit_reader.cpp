#include "os/descriptor.hpp"
#include "os/os_error.hpp"

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

// Nearly all records are shorter, so that they are received where they stay: in the batch. A longer one has
// its rest in memory of the reader's own, behind room for its beginning; pages there are not touched before.
constexpr std::size_t place_size = 512;

struct audit_reader::places {
    std::unique_ptr<char[]> rests = std::make_unique_for_overwrite<char[]>(messages_per_call * max_message);
    std::array<sockaddr_nl, messages_per_call> senders{};
    std::array<std::array<iovec, 2>, messages_per_call> vectors{};
    std::array<mmsghdr, messages_per_call> headers{};

    places()
    {
        for (std::size_t i = 0; i < messages_per_call; ++i) {
            vectors[i][0].iov_len = place_size;
            vectors[i][1] = {rest(i) + place_size, max_message - place_size};
            headers[i].msg_hdr.msg_name = &senders[i];
            headers[i].msg_hdr.msg_iov = vectors[i].data();
            headers[i].msg_hdr.msg_iovlen = vectors[i].size();
        }
    }

    char* rest(std::size_t place) const noexcept { return rests.get() + place * max_message; }

    void point_into(char* space, std::size_t count) noexcept
    {
        for (std::size_t i = 0; i < count; ++i) {
            vectors[i][0].iov_base = space + i * place_size;
            headers[i].msg_hdr.msg_namelen = sizeof senders[i];
        }
    }
};

namespace {

void append(record_batch& batch, const char* message, std::size_t length, std::size_t bytes)
{
    nlmsghdr header = {};
    std::memcpy(&header, message, sizeof header);
    batch.append(bytes, {header.nlmsg_type, {message + sizeof header, length - sizeof header}, false});
}

/// A message of two parts, one behind the other in the batch's free space.
void append_joined(record_batch& batch, const char* beginning, const char* rest, std::size_t length)
{
    char* const space = batch.free_space().data();
    std::memcpy(space, beginning, place_size);
    std::memcpy(space + place_size, rest + place_size, length - place_size);
    append(batch, space, length, length);
}

} // namespace

audit_reader::audit_reader()
    : places_(std::make_unique<places>())
{
}

audit_reader::audit_reader(audit_reader&&) noexcept = default;
audit_reader& audit_reader::operator=(audit_reader&&) noexcept = default;
audit_reader::~audit_reader() = default;

error_code audit_reader::receive(int descriptor, record_batch& batch)
{
    for (;;) {
        take_kept(batch);
        const std::size_t room =
            std::min({messages_per_call, batch.free_messages(), batch.free_space().size() / place_size});
        if (next_kept_ != end_of_kept_ || room == 0) {
            return {};
        }
        places_->point_into(batch.free_space().data(), room);
        const int count = ::recvmmsg(descriptor, places_->headers.data(), static_cast<unsigned>(room),
                                     MSG_DONTWAIT, nullptr);
        if (count >= 0) {
            take_received(batch, static_cast<std::size_t>(count));
        } else if (errno == ENOBUFS) {
            ++batch.losses().overruns;
        } else if (errno != EINTR) {
            return system_error();
        }
    }
}

void audit_reader::take_received(record_batch& batch, std::size_t count)
{
    const char* const received = batch.free_space().data();
    batch.append_nothing(count * place_size);
    for (std::size_t i = 0; i < count; ++i) {
        const char* const message = received + i * place_size;
        const std::size_t length = length_of(i);
        if (!is_message(i, batch.losses())) {
            continue;
        }
        if (length <= place_size) {
            append(batch, message, length, 0);
        } else if (batch.has_room(length)) {
            append_joined(batch, message, places_->rest(i), length);
        } else {
            keep(received, i, count);
            return;
        }
    }
}

/// What comes behind a message that does not fit waits as well: the order stays.
void audit_reader::keep(const char* received, std::size_t first, std::size_t count)
{
    for (std::size_t i = first; i < count; ++i) {
        std::memcpy(places_->rest(i), received + i * place_size, std::min(length_of(i), place_size));
    }
    next_kept_ = first;
    end_of_kept_ = count;
}

void audit_reader::take_kept(record_batch& batch)
{
    while (next_kept_ != end_of_kept_ && batch.has_room(length_of(next_kept_))) {
        const std::size_t place = next_kept_++;
        if (is_message(place, batch.losses())) {
            char* const space = batch.free_space().data();
            std::memcpy(space, places_->rest(place), length_of(place));
            append(batch, space, length_of(place), length_of(place));
        }
    }
}

/// Only what the kernel sent counts; what is too long or too short for a record is noted as one that is lost.
bool audit_reader::is_message(std::size_t place, source_losses& losses) const
{
    if (places_->senders[place].nl_pid != 0) {
        return false;
    }
    const bool cut = (places_->headers[place].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    if (cut || length_of(place) < sizeof(nlmsghdr)) {
        ++losses.malformed;
        return false;
    }
    return true;
}

std::size_t audit_reader::length_of(std::size_t place) const
{
    return places_->headers[place].msg_len;
}

} // namespace sctrace::detail
