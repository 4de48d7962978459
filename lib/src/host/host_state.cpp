#include "host/host_state.hpp"

#include "os/process.hpp"

#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <signal.h>

namespace sctrace::detail {

namespace {

// PROC_PID_INIT_INO, include/linux/proc_ns.h: the initial pid namespace has this inode since 3.8.
constexpr ino_t initial_pid_namespace_inode = 0xEFFFFFFC;

template <class T>
std::optional<T> value_of(boost::system::result<T> read)
{
    return read ? std::optional<T>(std::move(*read)) : std::nullopt;
}

std::optional<notice> ratelimit_notice()
{
    const auto seconds = number_in("/proc/sys/kernel/printk_ratelimit");
    const auto burst = number_in("/proc/sys/kernel/printk_ratelimit_burst");
    if (!seconds || !burst || *seconds == 0) {
        return std::nullopt;
    }
    return notice{"kernel.printk_ratelimit lets the kernel log only " + std::to_string(*burst) +
                      " records every " + std::to_string(*seconds) + " s; the rest will be missing",
                  advice::lift_ratelimit};
}

bool makes_task(const syscall_key& call)
{
    static constexpr std::array<std::string_view, 4> makers{"clone", "clone3", "fork", "vfork"};
    const auto name = syscall_name(call.arch, call.number);
    return name && std::find(makers.begin(), makers.end(), *name) != makers.end();
}

std::string missing_log_words(const host_state& host)
{
    return "`log` is missing in kernel.seccomp.actions_logged; put it back with: " +
           command_to_log_again(host.actions_logged.value_or(""));
}

} // namespace

bool host_state::log_switched_off() const noexcept
{
    return actions_logged && !has_word(*actions_logged, "log");
}

logging_settings host_state::logging() const
{
    return {excluded ? std::optional(excluded->matching) : std::nullopt, actions_logged};
}

std::optional<std::uint32_t> host_state::lost() const noexcept
{
    return audit ? std::optional(audit->lost) : std::nullopt;
}

host_state read_host_state()
{
    host_state host = read_settings();
    host.audit = value_of(read_audit_status());
    return host;
}

host_state read_settings()
{
    return {std::nullopt, value_of(read_exclude_rules()), value_of(read_actions_logged())};
}

std::string log_switched_off_notice(const host_state& host)
{
    return "the kernel logs no calls: " + missing_log_words(host);
}

std::string log_switched_off_watch_notice(const host_state& host)
{
    return "calls that filters let through and log are not logged, refused ones are: " +
           missing_log_words(host);
}

std::string command_to_log_again(std::string_view actions_logged)
{
    return "sysctl -w kernel.seccomp.actions_logged=\"" + std::string(actions_logged) + " log\"";
}

std::vector<notice> kmsg_notices(const host_state& host, bool ratelimit_lifted)
{
    std::vector<notice> notices;
    if (host.audit && host.audit->daemon_pid != 0) {
        notices.push_back({"an audit daemon (pid " + std::to_string(host.audit->daemon_pid) +
                           ") takes the records: /dev/kmsg stays silent while it runs"});
    }
    if (const auto limited = ratelimit_notice(); limited && !ratelimit_lifted) {
        notices.push_back(*limited);
    }
    return notices;
}

std::vector<std::string> pid_notices(const std::vector<pid_t>& pids)
{
    std::vector<std::string> notices;
    for (const pid_t pid : pids) {
        const std::string name = "process " + std::to_string(pid);
        if (::kill(pid, 0) != 0 && errno == ESRCH) {
            notices.push_back(name + " does not exist; going on in case it appears");
        } else if (has_no_filter(pid)) {
            notices.push_back(name +
                              " has no seccomp filter, so nothing of it is logged until it gets one that "
                              "returns SECCOMP_RET_LOG");
        } else if (read_filters(pid).count.value_or(1) > 1) {
            notices.push_back(name +
                              " has more than one seccomp filter: calls that a stricter one decides on are "
                              "not logged");
        }
    }
    return notices;
}

process_filters read_filters(pid_t pid)
{
    const std::string folder = folder_of(pid);
    return {pid, number_in_status(folder, "Seccomp"), number_in_status(folder, "Seccomp_filters")};
}

bool has_no_filter(pid_t pid)
{
    return status_field(folder_of(pid), "Seccomp") == "0";
}

bool in_initial_pid_namespace() noexcept
{
    return inode_of("/proc/self/ns/pid") == initial_pid_namespace_inode;
}

bool makes_tasks(const trace& counts)
{
    const auto lines = counts.sorted({});
    return std::any_of(lines.begin(), lines.end(), [](const trace::line& l) { return makes_task(l.call); });
}

bool makes_tasks(std::span<const syscall_key> calls)
{
    return std::any_of(calls.begin(), calls.end(), makes_task);
}

} // namespace sctrace::detail
