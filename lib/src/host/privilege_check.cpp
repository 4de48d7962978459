#include "host/host_check.hpp"
#include "host/host_state.hpp"
#include "os/process.hpp"

#include <sctrace/audit_status.hpp>

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

// include/uapi/linux/nsfs.h, enum init_ns_ino: the user namespace's since 3.8, the network namespace's only
// since 6.18; before that, it had some number or other.
constexpr ino_t initial_user_namespace_inode = 0xEFFFFFFD;
constexpr ino_t initial_network_namespace_inode = 0xEFFFFFF9;

bool exists(const char* path) noexcept
{
    return ::access(path, F_OK) == 0;
}

/// Empty when /proc shows nothing.
/**
 * net/core/sysctl_net_core.c, sysctl_core_init(): settings that hold for all network namespaces, such as this
 * one, appear in the initial one only.
 */
std::optional<bool> in_initial_network_namespace() noexcept
{
    if (inode_of("/proc/self/ns/net") == initial_network_namespace_inode) {
        return true;
    }
    if (!exists("/proc/sys/net/core/somaxconn")) {
        return std::nullopt;
    }
    return exists("/proc/sys/net/core/netdev_max_backlog");
}

host_finding judge_namespace(std::string name, std::optional<bool> initial, std::string_view good,
                             std::string_view bad, std::string_view remedy)
{
    if (!initial) {
        return {std::move(name), host_status::unknown, "cannot be read",
                "only the initial one will do; the probe tells", "mount /proc"};
    }
    if (*initial) {
        return {std::move(name), host_status::ok, "the initial one", std::string(good), ""};
    }
    return {std::move(name), host_status::bad, "not the initial one", std::string(bad), std::string(remedy)};
}

std::optional<bool> if_readable(const char* path, bool initial) noexcept
{
    return exists(path) ? std::optional(initial) : std::nullopt;
}

constexpr const char* way_out_of_user_namespace =
    "run it outside of the container, or docker run --userns=host";

host_finding user_namespace()
{
    return judge_namespace("user_namespace", if_readable("/proc/self/ns/user", in_initial_user_namespace()),
                           "capabilities count for the kernel's audit and log",
                           "capabilities count for nothing in the kernel's audit and log",
                           way_out_of_user_namespace);
}

host_finding pid_namespace()
{
    return judge_namespace("pid_namespace", if_readable("/proc/self/ns/pid", in_initial_pid_namespace()),
                           "process ids are the ones that records carry",
                           "the kernel does not tell its lost counter and exclude rules here, and running "
                           "processes cannot be recorded by id",
                           "run it outside of the container, or docker run --pid=host");
}

host_finding network_namespace()
{
    return judge_namespace("network_namespace", in_initial_network_namespace(),
                           "the audit socket and fork events work here only",
                           "nothing ever comes through the audit socket here, and no fork events either",
                           "nsenter --net=/proc/1/ns/net COMMAND, or docker run --network=host");
}

struct wanted_capability {
    int number;
    std::string_view name;
    host_status without;
    std::string_view use;
    std::string_view loss;
};

constexpr std::array wanted_capabilities{
    wanted_capability{CAP_AUDIT_READ, "audit_read", host_status::bad, "the audit socket can be joined",
                      "the audit socket cannot be joined; /dev/kmsg is left, which loses records"},
    wanted_capability{CAP_AUDIT_CONTROL, "audit_control", host_status::bad,
                      "the kernel's lost counter and exclude rules can be read",
                      "the kernel's lost counter and exclude rules cannot be read, so nothing is proved"},
    wanted_capability{CAP_SYS_ADMIN, "sys_admin", host_status::warning,
                      "set-uid programs keep their privileges while they are recorded",
                      "no_new_privs is set for a command: set-uid programs gain no privileges under it"},
    wanted_capability{CAP_NET_ADMIN, "net_admin", host_status::warning,
                      "the audit socket's buffer may be large, and fork events can be read",
                      "the audit socket's buffer is limited to net.core.rmem_max, and before Linux 6.6 fork "
                      "events cannot be read"},
    wanted_capability{CAP_SYSLOG, "syslog", host_status::warning, "/dev/kmsg can be read",
                      "/dev/kmsg cannot be read while kernel.dmesg_restrict is 1"},
};

std::string way_to_get(std::string_view capability)
{
    if (!in_initial_user_namespace()) {
        return way_out_of_user_namespace;
    }
    if (::geteuid() != 0) {
        return "run it as root, for instance with sudo";
    }
    const auto name = boost::algorithm::to_upper_copy(std::string(capability));
    return "docker run --cap-add=" + name + ", or CAP_" + name + " in the unit's CapabilityBoundingSet=";
}

host_finding capability(const wanted_capability& wanted)
{
    const std::string name = "cap_" + std::string(wanted.name);
    if (has_host_capability(wanted.number)) {
        return {name, host_status::ok, "effective", std::string(wanted.use), ""};
    }
    return {name, wanted.without,
            in_initial_user_namespace() ? "missing" : "missing in the initial user namespace",
            std::string(wanted.loss), way_to_get(wanted.name)};
}

/// kernel/audit.c, audit_set_loginuid_perm(): what keeps a login uid that is set from being set again.
std::string hindrance_to_session()
{
    if (!has_host_capability(CAP_AUDIT_CONTROL)) {
        return "CAP_AUDIT_CONTROL is missing";
    }
    const auto features = read_audit_features();
    if (features && features->loginuid_immutable) {
        return "it is immutable (auditctl --loginuid-immutable)";
    }
    if (features && features->only_unset_loginuid) {
        return "it can only be unset (audit feature only_unset_loginuid)";
    }
    return {};
}

host_finding loginuid()
{
    constexpr auto own_session = "a command can have an audit session of its own";
    constexpr auto no_session =
        "a command gets no audit session of its own; its descendants are found by fork events";
    constexpr std::string_view unset = "4294967295";
    const auto value = first_line_of("/proc/thread-self/loginuid");
    if (!value) {
        return {"loginuid", host_status::warning, "cannot be read", no_session,
                "use a kernel with CONFIG_AUDIT, and mount /proc"};
    }
    if (*value == unset) {
        return {"loginuid", host_status::ok, "unset", own_session, ""};
    }
    if (const std::string hindrance = hindrance_to_session(); !hindrance.empty()) {
        return {"loginuid", host_status::warning, "set to " + *value + ", " + hindrance, no_session,
                "start it where no login session is: systemd-run --pty COMMAND"};
    }
    return {"loginuid", host_status::ok, "set to " + *value, own_session, ""};
}

} // namespace

bool has_host_capability(int capability) noexcept
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) {
        return false;
    }
    const auto bit = static_cast<std::uint32_t>(capability);
    const std::uint32_t effective = sets[bit / 32].effective;
    return (effective >> (bit % 32) & 1U) != 0 && in_initial_user_namespace();
}

bool in_initial_user_namespace() noexcept
{
    return inode_of("/proc/self/ns/user") == initial_user_namespace_inode;
}

std::vector<host_finding> check_privileges()
{
    std::vector<host_finding> findings{user_namespace(), pid_namespace(), network_namespace()};
    std::transform(wanted_capabilities.begin(), wanted_capabilities.end(), std::back_inserter(findings),
                   capability);
    findings.push_back(loginuid());
    return findings;
}

} // namespace sctrace::detail
