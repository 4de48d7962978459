#ifndef SCTRACE_PROFILE_HPP
#define SCTRACE_PROFILE_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/syscall_key.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

/// What a seccomp filter does with a call, without an action's value.
/** In the order of the kernel's precedence (kernel/seccomp.c: seccomp_run_filters). */
enum class filter_action {
    /// The process ends as by SIGSYS.
    kill_process,
    /// The thread ends as by SIGSYS.
    kill_thread,
    /// The thread gets SIGSYS, which it can handle.
    trap,
    /// The call fails with an errno.
    errno_value,
    /// A supervisor answers (seccomp_unotify(2)).
    notify,
    /// A tracer decides; without one the call fails with ENOSYS.
    trace,
    /// The call is made and logged.
    log,
    /// The call is made.
    allow,
};

/// Whether an action lets calls through.
constexpr bool permits(filter_action action) noexcept
{
    return action == filter_action::allow || action == filter_action::log;
}

/// An action and, for `errno_value` and `trace`, its value of 16 bits.
struct filter_verdict {
    /// What happens.
    filter_action action = filter_action::allow;
    /// The errno that the call fails with, or what a tracer gets; 0 for all other actions.
    std::uint16_t value = 0;

    friend bool operator==(const filter_verdict&, const filter_verdict&) noexcept = default;
};

/// How an argument is compared, as unsigned numbers of 64 bits.
enum class comparison {
    /// `!=`
    not_equal,
    /// `<`
    less,
    /// `<=`
    less_or_equal,
    /// `==`
    equal,
    /// `>=`
    greater_or_equal,
    /// `>`
    greater,
    /// The argument's bits that the mask has are those of `value_two`.
    masked_equal,
};

/// A condition on one argument of a call.
struct argument_condition {
    /// Counts from 0; at most 5.
    unsigned index = 0;
    /// How the argument is compared.
    comparison op = comparison::equal;
    /// What the argument is compared with; for `masked_equal` the mask.
    std::uint64_t value = 0;
    /// For `masked_equal` what the masked argument is compared with; else 0.
    std::uint64_t value_two = 0;

    /// An order without a meaning, for sets and maps.
    friend auto operator<=>(const argument_condition&, const argument_condition&) noexcept = default;
};

/// Some calls, and what happens to them on all architectures of the profile that have them.
struct profile_rule {
    /// The calls.
    std::vector<std::string> names;
    /// What happens to them.
    filter_verdict verdict;
    /// All must hold; empty: always. If two are about the same argument, any one of all of them is enough.
    /** So does runc (libcontainer/seccomp/seccomp_linux.go: matchCall), and the others after it. */
    std::vector<argument_condition> conditions;
};

/// Flags of seccomp(2) that a profile asks for (include/uapi/linux/seccomp.h: SECCOMP_FILTER_FLAG_*).
enum class filter_flag {
    /// All threads of the process get the filter.
    tsync,
    /// What the filter refuses is logged.
    log,
    /// No mitigations against speculation are switched on.
    spec_allow,
    /// Who waits for a supervisor's answer can only be interrupted by fatal signals.
    wait_killable_recv,
};

/// A seccomp profile as container runtimes know it (runtime-spec, config-linux.md: Seccomp).
/**
 * Where a profile is to be answered by a supervisor (`listenerPath`) is no part of it.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
struct profile {
    /// What happens to calls that no rule names.
    filter_verdict default_verdict{filter_action::errno_value, 1};
    /// Empty: the native architecture only.
    std::vector<architecture> architectures;
    /// What the filter is installed with.
    std::vector<filter_flag> flags;
    /// What happens to calls that are named.
    std::vector<profile_rule> rules;
};

/// The OCI name of an action: `SCMP_ACT_…`.
std::string_view oci_name(filter_action action) noexcept;
/// The OCI name of a comparison: `SCMP_CMP_…`.
std::string_view oci_name(comparison op) noexcept;
/// The OCI name of a flag: `SECCOMP_FILTER_FLAG_…`.
std::string_view oci_name(filter_flag flag) noexcept;
/// The OCI name of an architecture: `SCMP_ARCH_…`; empty for one that OCI has no name for.
/** SuperH is SCMP_ARCH_SHEB; SCMP_ARCH_SH is its little-endian sibling, as in libseccomp 2.6. */
std::string_view oci_name(architecture arch) noexcept;
/// The architecture of an OCI name; empty for any other word.
std::optional<architecture> architecture_from_oci_name(std::string_view name) noexcept;

/// The calls that a profile lets through on @p arch whatever their arguments: those of the actions allow and
/// log, in ascending order of their numbers.
/**
 * Names that the architecture does not have are left out, and so are those that another rule refuses, be it
 * under conditions, and everything if the profile is for other architectures. What the default verdict lets
 * through is not listed.
 *
 * @param p The profile.
 * @param arch The architecture to list the calls of.
 * @param native The architecture of a profile that names none.
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto x86_64 = sctrace::architecture::from_name("x86_64").value();
 * sctrace::profile profile;
 * profile.rules.push_back({{"read", "write"}, {sctrace::filter_action::allow}, {}});
 * for (const sctrace::syscall_key& call : sctrace::permitted_calls(profile, x86_64, x86_64)) {
 *     std::cout << sctrace::syscall_name(x86_64, call.number).value() << '\n';
 * }
 * // read
 * // write
 * @endcode
 */
std::vector<syscall_key> permitted_calls(const profile& p, architecture arch, architecture native);

} // namespace sctrace

#endif
