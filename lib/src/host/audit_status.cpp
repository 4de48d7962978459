#include "os/descriptor.hpp"
#include "os/os_error.hpp"

#include <sctrace/audit_status.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

namespace sctrace {
namespace {

using boost::system::error_code;
using boost::system::result;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds answer_timeout{1};
constexpr std::uint32_t request_sequence = 1;
constexpr std::uint32_t seccomp_record_type = AUDIT_SECCOMP;

template <class T>
T read_as(std::span<const std::byte> bytes)
{
    T value{};
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
    return value;
}

error_code send_request(int socket, std::uint16_t type)
{
    nlmsghdr header{};
    header.nlmsg_len = NLMSG_LENGTH(0);
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST;
    header.nlmsg_seq = request_sequence;
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    const void* const address = &kernel;
    while (::sendto(socket, &header, sizeof header, 0, static_cast<const sockaddr*>(address), sizeof kernel) <
           0) {
        if (errno != EINTR) {
            return detail::system_error();
        }
    }
    return {};
}

error_code wait_readable(int socket, clock::time_point deadline)
{
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        pollfd poll_socket{socket, POLLIN, 0};
        const int ready = ::poll(&poll_socket, 1, static_cast<int>(std::max<long long>(left, 0)));
        if (ready > 0) {
            return {};
        }
        if (ready == 0) {
            return detail::system_error(ETIMEDOUT);
        }
        if (errno != EINTR) {
            return detail::system_error();
        }
    }
}

// The next datagram; empty if it is not the kernel's.
result<std::span<const std::byte>> receive(int socket, std::span<std::byte> buffer)
{
    sockaddr_nl sender{};
    iovec vector{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (size < 0) {
        if (errno == EINTR || errno == EAGAIN) {
            return std::span<const std::byte>{};
        }
        return detail::system_error();
    }
    if (message.msg_namelen != sizeof sender || sender.nl_pid != 0) {
        return std::span<const std::byte>{};
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return detail::system_error(EMSGSIZE);
    }
    return std::span<const std::byte>(buffer.first(static_cast<std::size_t>(size)));
}

/// What a message of the answer means for the conversation.
enum class progress { more, done };

// One message of the datagram, which may hold several; `rest` starts behind it afterwards.
struct message_view {
    nlmsghdr header{};
    std::span<const std::byte> payload;
};

bool take_message(std::span<const std::byte>& rest, message_view& message)
{
    if (rest.size() < sizeof(nlmsghdr)) {
        return false;
    }
    message.header = read_as<nlmsghdr>(rest);
    const std::size_t length = message.header.nlmsg_len;
    if (length < sizeof(nlmsghdr) || length > rest.size()) {
        return false;
    }
    message.payload = rest.subspan(NLMSG_HDRLEN, length - NLMSG_HDRLEN);
    rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(length), rest.size()));
    return true;
}

template <class Take>
result<progress> handle_message(const message_view& message, std::uint16_t type, Take take)
{
    if (message.header.nlmsg_seq != request_sequence) {
        return progress::more;
    }
    if (message.header.nlmsg_type == NLMSG_DONE) {
        return progress::done;
    }
    if (message.header.nlmsg_type == NLMSG_ERROR) {
        const int error = read_as<nlmsgerr>(message.payload).error;
        return error != 0 ? result<progress>(detail::system_error(-error)) : progress::more;
    }
    return message.header.nlmsg_type == type ? take(message.payload) : progress::more;
}

// Sends one request and has every message of the kernel's answer that is of the request's own type taken into
// an `Answer`, until that or the kernel is done.
template <class Answer, class Take>
result<Answer> ask_kernel(std::uint16_t type, Take take)
{
    const detail::unique_descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT));
    if (!socket) {
        return detail::system_error();
    }
    if (const auto ec = send_request(socket.get(), type)) {
        return ec;
    }

    const auto deadline = clock::now() + answer_timeout;
    std::array<std::byte, 32 * 1024> buffer;
    Answer answer{};
    const auto take_into_answer = [&](std::span<const std::byte> payload) { return take(answer, payload); };
    for (;;) {
        if (const auto ec = wait_readable(socket.get(), deadline)) {
            return ec;
        }
        auto datagram = receive(socket.get(), buffer);
        if (!datagram) {
            return datagram.error();
        }
        message_view message;
        while (take_message(*datagram, message)) {
            const auto next = handle_message(message, type, take_into_answer);
            if (!next) {
                return next.error();
            }
            if (*next == progress::done) {
                return answer;
            }
        }
    }
}

// The structure that the kernel answers with.
template <class Answer>
result<Answer> answer_to(std::uint16_t type)
{
    return ask_kernel<Answer>(type, [](Answer& answer, std::span<const std::byte> payload) {
        answer = read_as<Answer>(payload);
        return progress::done;
    });
}

// The kernel's audit_comparator() (kernel/auditfilter.c).
bool compares(std::uint32_t left, std::uint32_t operation, std::uint32_t right)
{
    switch (operation) {
    case AUDIT_EQUAL:
        return left == right;
    case AUDIT_NOT_EQUAL:
        return left != right;
    case AUDIT_LESS_THAN:
        return left < right;
    case AUDIT_LESS_THAN_OR_EQUAL:
        return left <= right;
    case AUDIT_GREATER_THAN:
        return left > right;
    case AUDIT_GREATER_THAN_OR_EQUAL:
        return left >= right;
    default:
        return true;
    }
}

bool could_match_seccomp(const audit_rule_data& rule)
{
    const std::size_t count = std::min<std::size_t>(rule.field_count, AUDIT_MAX_FIELDS);
    for (std::size_t i = 0; i != count; ++i) {
        const bool is_type = rule.fields[i] == AUDIT_MSGTYPE;
        if (is_type && !compares(seccomp_record_type, rule.fieldflags[i] & AUDIT_OPERATORS, rule.values[i])) {
            return false;
        }
    }
    return true;
}

bool is_exclude_rule(const audit_rule_data& rule)
{
    return (rule.flags & ~static_cast<std::uint32_t>(AUDIT_FILTER_PREPEND)) == AUDIT_FILTER_EXCLUDE;
}

} // namespace

result<audit_status> read_audit_status()
{
    const auto status = answer_to<::audit_status>(AUDIT_GET);
    if (!status) {
        return status.error();
    }
    return audit_status{status->enabled != 0,     status->pid,  status->rate_limit,
                        status->backlog_limit,    status->lost, status->backlog,
                        status->backlog_wait_time};
}

result<audit_features> read_audit_features()
{
    const auto answer = answer_to<::audit_features>(AUDIT_GET_FEATURE);
    if (!answer) {
        return answer.error();
    }
    const std::uint32_t features = answer->features;
    return audit_features{(features & AUDIT_FEATURE_TO_MASK(AUDIT_FEATURE_ONLY_UNSET_LOGINUID)) != 0,
                          (features & AUDIT_FEATURE_TO_MASK(AUDIT_FEATURE_LOGINUID_IMMUTABLE)) != 0};
}

result<exclude_rules> read_exclude_rules()
{
    const auto count = [](exclude_rules& found, std::span<const std::byte> payload) {
        const auto rule = read_as<audit_rule_data>(payload);
        found.matching += is_exclude_rule(rule) && could_match_seccomp(rule) ? 1 : 0;
        return progress::more;
    };
    return ask_kernel<exclude_rules>(AUDIT_LIST_RULES, count);
}

result<std::string> read_actions_logged()
{
    const detail::unique_descriptor file(
        ::open("/proc/sys/kernel/seccomp/actions_logged", O_RDONLY | O_CLOEXEC));
    if (!file) {
        return detail::system_error();
    }
    std::array<char, 1024> text;
    ssize_t size = 0;
    do {
        size = ::read(file.get(), text.data(), text.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return detail::system_error();
    }
    const std::string_view words(text.data(), static_cast<std::size_t>(size));
    return std::string(words.substr(0, words.find('\n')));
}

} // namespace sctrace
