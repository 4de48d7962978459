#include "host/host_check.hpp"
#include "host/host_state.hpp"
#include "os/descriptor.hpp"
#include "os/kernel.hpp"
#include "os/os_error.hpp"
#include "os/process.hpp"

#include <sctrace/audit_status.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

constexpr kernel_release first_with_log_action{4, 14};

/// Asks whether a command can be watched: pidfd_open(2) is in Linux 5.3 and in what distributions made of
/// older ones.
int error_of_pidfd_open() noexcept
{
    const unique_descriptor self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    return self ? 0 : errno;
}

host_finding kernel_version()
{
    const std::string release = running_release_text();
    if (parse_release(release) < first_with_log_action) {
        return {"kernel_version", host_status::bad, release,
                "allowed calls are not logged: SECCOMP_RET_LOG came with Linux 4.14", "use a newer kernel"};
    }
    if (const int error = error_of_pidfd_open()) {
        return {"kernel_version", host_status::bad, release,
                "no command can be launched, only running processes be recorded: pidfd_open(2): " +
                    system_error(error).message(),
                "use Linux 5.3 or later"};
    }
    return {"kernel_version", host_status::ok, release,
            "commands can be launched (Linux 5.3) and their calls are logged (Linux 4.14)", ""};
}

struct config_option {
    const char* name;
    host_status when_missing;
};

constexpr std::array config_options{
    config_option{"CONFIG_AUDIT", host_status::bad},
    config_option{"CONFIG_AUDITSYSCALL", host_status::bad},
    config_option{"CONFIG_SECCOMP_FILTER", host_status::bad},
    config_option{"CONFIG_PROC_EVENTS", host_status::warning},
};

/// The options that are switched on in a kernel's configuration; empty if it can't be read.
std::optional<std::map<std::string, std::string>> read_config(const std::string& path)
{
    std::ifstream file(path);
    if (!file) {
        return std::nullopt;
    }
    std::map<std::string, std::string> options;
    for (std::string line; std::getline(file, line);) {
        const auto equals = line.find('=');
        if (line.starts_with("CONFIG_") && equals != std::string::npos) {
            options[line.substr(0, equals)] = line.substr(equals + 1);
        }
    }
    return options;
}

host_finding judge_config(const std::map<std::string, std::string>& config)
{
    host_finding found{"kernel_config", host_status::ok, "",
                       "the kernel can log calls and tell of new processes", ""};
    std::string missing;
    for (const auto& option : config_options) {
        const auto set = config.find(option.name);
        const bool there = set != config.end();
        found.value += (found.value.empty() ? "" : " ") + std::string(option.name) + "=" +
                       (there ? set->second : std::string("n"));
        if (!there) {
            missing += (missing.empty() ? "" : ", ") + std::string(option.name);
            found.status = std::max(found.status, option.when_missing);
        }
    }
    if (!missing.empty()) {
        found.meaning = "the kernel lacks " + missing +
                        (found.status == host_status::bad ? ": calls are not logged"
                                                          : ": it does not tell of new processes");
        found.remedy = "use a kernel that is built with " + missing;
    }
    return found;
}

host_finding kernel_config()
{
    const std::string path = "/boot/config-" + running_release_text();
    if (const auto config = read_config(path)) {
        return judge_config(*config);
    }
    return {"kernel_config", host_status::unknown, "no " + path,
            "the kernel was asked for what it can do instead; see the lines that follow", ""};
}

bool has_netlink(int protocol) noexcept
{
    const unique_descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    return socket || (errno != EPROTONOSUPPORT && errno != EAFNOSUPPORT);
}

host_finding kernel_audit()
{
    if (has_netlink(NETLINK_AUDIT)) {
        return {"kernel_audit", host_status::ok, "present", "the kernel has the audit subsystem", ""};
    }
    const bool off = has_word(first_line_of("/proc/cmdline").value_or(""), "audit=0");
    return {"kernel_audit", host_status::bad, off ? "switched off by audit=0" : "missing",
            "there are no audit records at all, so nothing can be recorded",
            off ? "boot without audit=0 on the kernel command line"
                : "use a kernel with CONFIG_AUDIT and CONFIG_AUDITSYSCALL, booted without audit=0"};
}

host_finding kernel_connector()
{
    if (has_netlink(NETLINK_CONNECTOR)) {
        return {"kernel_connector", host_status::ok, "present",
                "the kernel has the connector for fork events", ""};
    }
    return {"kernel_connector", host_status::warning, "missing",
            "descendants are followed only as long as they stay in the command's audit session",
            "use a kernel with CONFIG_CONNECTOR and CONFIG_PROC_EVENTS"};
}

host_finding actions_avail()
{
    const std::string words =
        first_line_of("/proc/sys/kernel/seccomp/actions_avail").value_or("cannot be read");
    if (check_log_action()) {
        return {"actions_avail", host_status::bad, words,
                "filters cannot have calls logged: seccomp(2) offers no SECCOMP_RET_LOG",
                "use Linux 4.14 or later with CONFIG_SECCOMP_FILTER, and no filter that forbids seccomp(2)"};
    }
    return {"actions_avail", host_status::ok, words, "filters can have calls logged", ""};
}

host_finding actions_logged()
{
    const auto actions = read_actions_logged();
    if (!actions) {
        return {"actions_logged", host_status::bad, unreadable(actions.error()),
                "nothing proves that calls are logged", "use Linux 4.14 or later, and mount /proc"};
    }
    if (!has_word(*actions, "log")) {
        return {"actions_logged", host_status::bad, *actions,
                "`log` is missing: the kernel logs no allowed calls", command_to_log_again(*actions)};
    }
    return {"actions_logged", host_status::ok, *actions, "calls under a logging filter are logged", ""};
}

constexpr const char* without_inherited_filter =
    "start it outside of the container or service that filters calls: docker run --security-opt "
    "seccomp=unconfined, or no SystemCallFilter= in the systemd unit";

/// fs/proc/array.c, task_seccomp(): the number of filters is in the status since Linux 5.9.
host_finding seccomp_filters()
{
    const auto count = status_field("/proc/thread-self", "Seccomp_filters");
    const auto mode = status_field("/proc/thread-self", "Seccomp");
    if (mode && *mode != "0") {
        return {"seccomp_filters", host_status::bad, count.value_or("at least one") + " inherited",
                "this process runs under a filter, which may hide calls of a recorded command",
                without_inherited_filter};
    }
    if (count) {
        return {"seccomp_filters", host_status::ok, "none inherited",
                "nothing hides calls of a recorded command, unless it installs a filter itself", ""};
    }
    return {"seccomp_filters", host_status::bad, "cannot be read",
            "filters of a recorded command cannot be counted, and another one may hide calls",
            "use Linux 5.9 or later, and mount /proc"};
}

} // namespace

std::vector<host_finding> check_kernel()
{
    return {kernel_version(), kernel_config(), kernel_audit(), kernel_connector()};
}

std::vector<host_finding> check_seccomp()
{
    return {actions_avail(), actions_logged(), seccomp_filters()};
}

} // namespace sctrace::detail
