#ifndef SCTRACE_TEST_KERNEL_AUDIT_LISTENER_HPP
#define SCTRACE_TEST_KERNEL_AUDIT_LISTENER_HPP

#include <sctrace/bracket.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sctrace::test {

struct heard_record {
    pid_t pid = 0;
    std::int64_t syscall = 0;
    std::uint32_t session = 0;
};

/// Hears every audit record from its construction on, through the kernel's multicast group for readers.
class audit_listener {
public:
    audit_listener()
    {
        sockaddr_nl address{};
        address.nl_family = AF_NETLINK;
        address.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1);
        const void* const generic = &address;
        constexpr int buffer = 64 * 1024 * 1024;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
        is_open_ = ::bind(socket_, static_cast<const sockaddr*>(generic), sizeof address) == 0;
    }
    audit_listener(const audit_listener&) = delete;
    audit_listener& operator=(const audit_listener&) = delete;
    ~audit_listener() { ::close(socket_); }

    bool is_open() const { return is_open_; }

    /// The SECCOMP records before the bracket; everything heard so far if the bracket does not come in time.
    std::vector<heard_record> records_until(const bracket& mark, bool& found)
    {
        std::vector<heard_record> records;
        found = false;
        heard_record record;
        while (!found && next(record)) {
            found = record.pid == mark.pid && record.syscall == mark.syscall;
            if (!found) {
                records.push_back(record);
            }
        }
        return records;
    }

private:
    bool next(heard_record& record)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        std::array<char, 16 * 1024> buffer;
        while (std::chrono::steady_clock::now() < deadline) {
            pollfd readable{socket_, POLLIN, 0};
            if (::poll(&readable, 1, 1000) <= 0) {
                continue;
            }
            const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size < 0 && errno == ENOBUFS) {
                return false;
            }
            if (size > NLMSG_HDRLEN && read_record({buffer.data(), static_cast<std::size_t>(size)}, record)) {
                return true;
            }
        }
        return false;
    }

    static bool read_record(std::string_view datagram, heard_record& record)
    {
        nlmsghdr header{};
        std::memcpy(&header, datagram.data(), sizeof header);
        if (header.nlmsg_type != AUDIT_SECCOMP) {
            return false;
        }
        const auto text = datagram.substr(NLMSG_HDRLEN);
        return read_field(text, " ses=", record.session) && read_field(text, " pid=", record.pid) &&
               read_field(text, " syscall=", record.syscall);
    }

    template <class T>
    static bool read_field(std::string_view text, std::string_view name, T& value)
    {
        const auto at = text.find(name);
        if (at == text.npos) {
            return false;
        }
        const auto rest = text.substr(at + name.size());
        return std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc{};
    }

    int socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    bool is_open_ = false;
};

} // namespace sctrace::test

#endif
