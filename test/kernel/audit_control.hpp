#ifndef SCTRACE_TEST_KERNEL_AUDIT_CONTROL_HPP
#define SCTRACE_TEST_KERNEL_AUDIT_CONTROL_HPP

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

/// A socket through which the audit subsystem is told what to do.
class audit_control {
public:
    audit_control() = default;
    audit_control(const audit_control&) = delete;
    audit_control& operator=(const audit_control&) = delete;
    ~audit_control() { ::close(socket_); }

    int descriptor() const noexcept { return socket_; }

    /// @return Whether the kernel did it.
    bool send(std::uint16_t type, const void* payload, std::size_t size)
    {
        std::vector<std::byte> datagram(NLMSG_SPACE(size));
        nlmsghdr header{};
        header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(size));
        header.nlmsg_type = type;
        header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        std::memcpy(datagram.data(), &header, sizeof header);
        if (size != 0) {
            std::memcpy(datagram.data() + NLMSG_HDRLEN, payload, size);
        }
        return ::send(socket_, datagram.data(), datagram.size(), 0) >= 0 && acknowledged();
    }

    bool set(const ::audit_status& status) { return send(AUDIT_SET, &status, sizeof status); }

    /// The kernel's answer to AUDIT_GET; all zero if it has none.
    ::audit_status status()
    {
        ::audit_status status{};
        std::array<std::byte, 1024> answer;
        if (send(AUDIT_GET, nullptr, 0) && ::recv(socket_, answer.data(), answer.size(), 0) >=
                                               static_cast<ssize_t>(NLMSG_HDRLEN + sizeof status)) {
            std::memcpy(&status, answer.data() + NLMSG_HDRLEN, sizeof status);
        }
        return status;
    }

private:
    /// A daemon's socket also receives records, which may come first.
    bool acknowledged()
    {
        std::array<std::byte, 16 * 1024> answer;
        for (;;) {
            const ssize_t size = ::recv(socket_, answer.data(), answer.size(), 0);
            nlmsghdr header{};
            nlmsgerr error{};
            if (size < static_cast<ssize_t>(sizeof header)) {
                return false;
            }
            std::memcpy(&header, answer.data(), sizeof header);
            if (header.nlmsg_type == NLMSG_ERROR) {
                std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
                return error.error == 0;
            }
        }
    }

    int socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
};

/// A rule of the kernel's for as long as it lives.
class temporary_rule {
public:
    explicit temporary_rule(std::vector<std::byte> rule)
        : rule_(std::move(rule))
        , added_(audit_control().send(AUDIT_ADD_RULE, rule_.data(), rule_.size()))
    {
    }
    temporary_rule(const temporary_rule&) = delete;
    temporary_rule& operator=(const temporary_rule&) = delete;
    ~temporary_rule()
    {
        if (added_) {
            audit_control().send(AUDIT_DEL_RULE, rule_.data(), rule_.size());
        }
    }

    bool added() const noexcept { return added_; }

private:
    std::vector<std::byte> rule_;
    bool added_;
};

/// While it lives, the kernel drops every record of a program.
class excluded_program : public temporary_rule {
public:
    explicit excluded_program(std::string_view path)
        : temporary_rule(make_rule(path))
    {
    }

private:
    static std::vector<std::byte> make_rule(std::string_view path)
    {
        audit_rule_data rule{};
        rule.flags = AUDIT_FILTER_EXCLUDE;
        rule.action = AUDIT_ALWAYS;
        rule.field_count = 1;
        rule.fields[0] = AUDIT_EXE;
        rule.fieldflags[0] = AUDIT_EQUAL;
        rule.values[0] = static_cast<std::uint32_t>(path.size());
        rule.buflen = static_cast<std::uint32_t>(path.size());
        std::vector<std::byte> bytes(sizeof rule + path.size());
        std::memcpy(bytes.data(), &rule, sizeof rule);
        std::memcpy(bytes.data() + sizeof rule, path.data(), path.size());
        return bytes;
    }
};

/// While it lives, the kernel drops every record of a type.
class excluded_type : public temporary_rule {
public:
    explicit excluded_type(std::uint32_t type)
        : temporary_rule(make_rule(type))
    {
    }

private:
    static std::vector<std::byte> make_rule(std::uint32_t type)
    {
        audit_rule_data rule{};
        rule.flags = AUDIT_FILTER_EXCLUDE;
        rule.action = AUDIT_ALWAYS;
        rule.field_count = 1;
        rule.fields[0] = AUDIT_MSGTYPE;
        rule.fieldflags[0] = AUDIT_EQUAL;
        rule.values[0] = type;
        std::vector<std::byte> bytes(sizeof rule);
        std::memcpy(bytes.data(), &rule, sizeof rule);
        return bytes;
    }
};

/// Whether ordinary audit records are made; put back at the end.
class audit_enabled {
public:
    /// @p now What it is before, as AUDIT_GET tells it.
    explicit audit_enabled(bool now)
        : old_(now)
    {
    }
    audit_enabled(const audit_enabled&) = delete;
    audit_enabled& operator=(const audit_enabled&) = delete;
    ~audit_enabled() { set(old_); }

    bool set(bool enabled)
    {
        ::audit_status wanted{};
        wanted.mask = AUDIT_STATUS_ENABLED;
        wanted.enabled = enabled ? 1 : 0;
        return audit_control().set(wanted);
    }

private:
    bool old_;
};

/// A process that is the audit daemon while this object lives: it takes the records and forgets them.
class audit_daemon {
public:
    audit_daemon()
    {
        std::array<int, 2> stop{};
        std::array<int, 2> answer{};
        if (::pipe2(stop.data(), O_CLOEXEC) != 0 || ::pipe2(answer.data(), O_CLOEXEC) != 0) {
            return;
        }
        pid_ = ::fork();
        if (pid_ == 0) {
            keep_only(stop[0], answer[1]);
            serve(stop[0], answer[1]);
        }
        ::close(stop[0]);
        ::close(answer[1]);
        stop_ = stop[1];
        char said = 0;
        registered_ = ::read(answer[0], &said, 1) == 1 && said == 'y';
        ::close(answer[0]);
    }
    audit_daemon(const audit_daemon&) = delete;
    audit_daemon& operator=(const audit_daemon&) = delete;
    ~audit_daemon() { stop(); }

    bool registered() const noexcept { return registered_; }
    pid_t pid() const noexcept { return pid_; }

    /// Returns when the kernel has no daemon any more.
    void stop()
    {
        if (pid_ > 0) {
            ::close(stop_);
            ::waitpid(std::exchange(pid_, -1), nullptr, 0);
        }
    }

private:
    /// An end of a pipe that stays open here is an end that nobody sees.
    static void keep_only(int one, int other)
    {
        const auto low = static_cast<unsigned>(std::min(one, other));
        const auto high = static_cast<unsigned>(std::max(one, other));
        ::close_range(STDERR_FILENO + 1, low - 1, 0);
        ::close_range(low + 1, high - 1, 0);
        ::close_range(high + 1, ~0U, 0);
    }

    /// The kernel takes only the sender itself for a daemon (kernel/audit.c, audit_receive_msg()). When the
    /// test ends, whichever way, the pipe does.
    [[noreturn]] static void serve(int stop, int answer)
    {
        audit_control kernel;
        ::audit_status wanted{};
        wanted.mask = AUDIT_STATUS_PID;
        wanted.pid = static_cast<std::uint32_t>(::getpid());
        const bool registered = kernel.set(wanted);
        const bool told = ::write(answer, registered ? "y" : "n", 1) == 1;
        while (registered && told && take_record(kernel.descriptor(), stop)) {
        }
        wanted.pid = 0;
        const bool gone = registered && kernel.set(wanted);
        ::_exit(gone ? 0 : 1);
    }

    static bool take_record(int records, int stop)
    {
        std::array<pollfd, 2> ready{{{records, POLLIN, 0}, {stop, POLLIN, 0}}};
        ::poll(ready.data(), ready.size(), -1);
        if (ready[1].revents != 0) {
            return false;
        }
        std::array<std::byte, 16 * 1024> record;
        return ::recv(records, record.data(), record.size(), MSG_DONTWAIT) >= 0 || errno == EAGAIN ||
               errno == ENOBUFS;
    }

    pid_t pid_ = -1;
    int stop_ = -1;
    bool registered_ = false;
};

} // namespace sctrace::test

#endif
