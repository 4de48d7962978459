#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>

#include <seccomp.h>

namespace sctrace {

namespace {

using namespace std::string_view_literals;

/// From this number on a call has the same number on every architecture (kernel 5.1 and later).
constexpr std::int64_t first_common = 424;

/// As in include/uapi/asm-generic/unistd.h; libseccomp learns of a call only in a later release.
constexpr std::array common_calls{
    "pidfd_send_signal"sv,
    "io_uring_setup"sv,
    "io_uring_enter"sv,
    "io_uring_register"sv,
    "open_tree"sv,
    "move_mount"sv,
    "fsopen"sv,
    "fsconfig"sv,
    "fsmount"sv,
    "fspick"sv,
    "pidfd_open"sv,
    "clone3"sv,
    "close_range"sv,
    "openat2"sv,
    "pidfd_getfd"sv,
    "faccessat2"sv,
    "process_madvise"sv,
    "epoll_pwait2"sv,
    "mount_setattr"sv,
    "quotactl_fd"sv,
    "landlock_create_ruleset"sv,
    "landlock_add_rule"sv,
    "landlock_restrict_self"sv,
    "memfd_secret"sv,
    "process_mrelease"sv,
    "futex_waitv"sv,
    "set_mempolicy_home_node"sv,
    "cachestat"sv,
    "fchmodat2"sv,
    "map_shadow_stack"sv,
    "futex_wake"sv,
    "futex_wait"sv,
    "futex_requeue"sv,
    "statmount"sv,
    "listmount"sv,
    "lsm_get_self_attr"sv,
    "lsm_set_self_attr"sv,
    "lsm_list_modules"sv,
    "mseal"sv,
    "setxattrat"sv,
    "getxattrat"sv,
    "listxattrat"sv,
    "removexattrat"sv,
    "open_tree_attr"sv,
    "file_getattr"sv,
    "file_setattr"sv,
    "listns"sv,
    "rseq_slice_yield"sv,
};

struct single_call {
    std::string_view arch;
    std::int64_t number;
    std::string_view name;
};

/// Newer calls of one architecture only.
constexpr std::array single_calls{
    single_call{"x86_64", 335, "uretprobe"},           single_call{"x86_64", 336, "uprobe"},
    single_call{"riscv64", 258, "riscv_hwprobe"},      single_call{"riscv32", 258, "riscv_hwprobe"},
    single_call{"riscv32", 259, "riscv_flush_icache"},
};

/// Where the numbers of an architecture begin.
std::int64_t first_number(architecture arch) noexcept
{
    const std::string_view name = arch.name();
    if (arch.is_x32()) {
        return 0x40000000;
    }
    if (name == "mips" || name == "mipsel") {
        return 4000;
    }
    if (name == "mips64" || name == "mipsel64") {
        return 5000;
    }
    if (name == "mips64n32" || name == "mipsel64n32") {
        return 6000;
    }
    return 0;
}

/// libseccomp names x32 by the AUDIT_ARCH of x86_64 without its 64-bit flag, and all others as the kernel
/// does.
std::uint32_t seccomp_token(architecture arch) noexcept
{
    return arch.is_x32() ? std::uint32_t{SCMP_ARCH_X32} : arch.audit_arch();
}

struct free_deleter {
    void operator()(char* p) const noexcept { std::free(p); }
};

/// libseccomp also answers for numbers without the base of MIPS or the bit of x32, and for its own negative
/// numbers of calls that an architecture lacks: the kernel logs neither.
std::optional<std::string> name_in_libseccomp(architecture arch, std::int64_t number)
{
    if (number < first_number(arch) || number > std::numeric_limits<int>::max()) {
        return std::nullopt;
    }
    const std::unique_ptr<char, free_deleter> name(
        seccomp_syscall_resolve_num_arch(seccomp_token(arch), static_cast<int>(number)));
    return name ? std::optional<std::string>(name.get()) : std::nullopt;
}

std::optional<std::string> name_in_tables(architecture arch, std::int64_t number)
{
    const auto is_the_call = [&](const single_call& call) {
        return call.arch == arch.name() && call.number == number;
    };
    if (const auto* found = std::find_if(single_calls.begin(), single_calls.end(), is_the_call);
        found != single_calls.end()) {
        return std::string(found->name);
    }
    const std::int64_t index = number - first_number(arch) - first_common;
    if (index < 0 || index >= static_cast<std::int64_t>(common_calls.size())) {
        return std::nullopt;
    }
    return std::string(common_calls[static_cast<std::size_t>(index)]);
}

std::optional<std::int64_t> number_in_tables(architecture arch, std::string_view name) noexcept
{
    const auto is_the_call = [&](const single_call& call) {
        return call.arch == arch.name() && call.name == name;
    };
    if (const auto* found = std::find_if(single_calls.begin(), single_calls.end(), is_the_call);
        found != single_calls.end()) {
        return found->number;
    }
    const auto* found = std::find(common_calls.begin(), common_calls.end(), name);
    if (found == common_calls.end()) {
        return std::nullopt;
    }
    return first_number(arch) + first_common + (found - common_calls.begin());
}

/// For calls that also exist inside socketcall or ipc libseccomp answers with a number of its own, even where
/// the architecture has a direct call as well.
std::optional<std::int64_t> search_number(architecture arch, std::string_view name)
{
    constexpr std::int64_t numbers_of_an_architecture = 1000;
    const std::int64_t first = first_number(arch);
    for (std::int64_t number = first; number < first + numbers_of_an_architecture; ++number) {
        if (name_in_libseccomp(arch, number) == name) {
            return number;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> number_in_libseccomp(architecture arch, std::string_view name)
{
    const int number = seccomp_syscall_resolve_name_arch(seccomp_token(arch), std::string(name).c_str());
    if (number == __NR_SCMP_ERROR) {
        return std::nullopt;
    }
    return number < 0 ? search_number(arch, name) : std::optional<std::int64_t>(number);
}

} // namespace

std::optional<std::string> syscall_name(architecture arch, std::int64_t number)
{
    if (arch.name().empty() || number < 0) {
        return std::nullopt;
    }
    auto name = name_in_libseccomp(arch, number);
    return name ? name : name_in_tables(arch, number);
}

std::optional<std::int64_t> syscall_number(architecture arch, std::string_view name)
{
    if (arch.name().empty()) {
        return std::nullopt;
    }
    const auto number = number_in_libseccomp(arch, name);
    return number ? number : number_in_tables(arch, name);
}

} // namespace sctrace
