#ifndef SCTRACE_SECCOMP_FILTER_HPP
#define SCTRACE_SECCOMP_FILTER_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/syscall_key.hpp>

#include <boost/system/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sctrace {

/// A seccomp filter as the kernel takes it: a program of classic BPF, and flags.
/**
 * No object holds a resource of the kernel: a filter is in force once seccomp(2) has installed it, as
 * `launcher` does it in the child.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe for const functions.
 *
 * @par Example
 * @code
 * const auto filter = sctrace::seccomp_filter::log_everything();
 * const auto native = sctrace::architecture::native();
 * std::cout << std::hex << filter.verdict({native.audit_arch(), 0, {}}) << std::dec << '\n'; // 7ffc0000
 * @endcode
 */
class seccomp_filter {
public:
    /// One instruction, laid out as `sock_filter` (include/uapi/linux/filter.h).
    struct instruction {
        /// What it does.
        std::uint16_t code = 0;
        /// How many instructions a comparison that holds skips.
        std::uint8_t jump_true = 0;
        /// How many one that does not hold skips.
        std::uint8_t jump_false = 0;
        /// The number that it works with.
        std::uint32_t operand = 0;
    };

    /// What a filter sees of a call (include/uapi/linux/seccomp.h: `seccomp_data`).
    struct call {
        /// An AUDIT_ARCH_* number; x32 has that of x86_64 and bit 30 in the call's number.
        std::uint32_t audit_arch = 0;
        /// The call's number.
        std::int32_t number = 0;
        /// The registers that hold the arguments.
        std::array<std::uint64_t, 6> arguments{};
    };

    /// The longest program that the kernel takes (include/uapi/linux/bpf_common.h: BPF_MAXINSNS).
    static constexpr std::size_t max_length = 4096;

    /// Returns SECCOMP_RET_LOG for every call.
    /**
     * Its flag is SECCOMP_FILTER_FLAG_SPEC_ALLOW: before Linux 5.16 a filter also switches on mitigations
     * against speculation (Documentation/admin-guide/hw-vuln/spectre.rst), which slow a process down. A
     * process that is only watched should run as before.
     *
     * @par Exception safety
     * Strong guarantee; throws std::bad_alloc.
     */
    static seccomp_filter log_everything();

    /// The same but for some calls, which are allowed and leave no record.
    /**
     * A call that installs a filter, seccomp(2) with SECCOMP_SET_MODE_* and prctl(2) with PR_SET_SECCOMP, is
     * logged all the same: a filter of the target's own could hide what it calls later.
     *
     * What is listed is a number, not a name: `socketcall` of i386 does not stand for the calls inside it,
     * nor they for it. Calls of architectures that the kernel cannot run are left out, as they cannot happen,
     * and so are numbers that no call can have. A negative number is always logged.
     *
     * @par Errors
     * @li error::filter_not_possible - the program became longer than max_length
     * @par Exception safety
     * Strong guarantee; throws std::bad_alloc.
     */
    static boost::system::result<seccomp_filter, failure> log_all_but(std::span<const syscall_key> silent,
                                                                      architecture native);

    /// What a profile says, by libseccomp, with SECCOMP_FILTER_FLAG_LOG, so that the kernel logs refusals.
    /**
     * Calls of architectures that the profile does not list are killed, as runtimes do (libseccomp's
     * SCMP_FLTATR_ACT_BADARCH); those that this kernel cannot run are left out, as their calls cannot happen.
     * A name that one of its architectures lacks has no rule there. Names that this libseccomp does not know
     * but syscall_number() does have their rules too, which in a runtime depends on its libseccomp.
     *
     * Where rules for the same call overlap, one without conditions wins over those with conditions, and the
     * first of several without; rules whose verdict is the default one are left out, as they are by runc.
     * A negative number gets the default verdict.
     *
     * Of the profile's flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW is passed on. SECCOMP_FILTER_FLAG_TSYNC means
     * nothing for a process with one thread, nor SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without a listener.
     *
     * @param p The profile.
     * @param native The architecture of this machine.
     * @par Errors
     * @li error::filter_not_possible - the profile is for other architectures only; libseccomp refused a rule
     *     (two contradict each other); the program became longer than max_length; the kernel lacks an action
     *     or a flag; or nothing would answer (SCMP_ACT_NOTIFY). The message says which
     * @par Exception safety
     * Strong guarantee; throws std::bad_alloc.
     */
    static boost::system::result<seccomp_filter, failure> from_profile(const profile& p, architecture native);

    /// The program, for `sock_fprog`.
    std::span<const instruction> program() const noexcept { return program_; }
    /// SECCOMP_FILTER_FLAG_* for seccomp(2).
    std::uint32_t flags() const noexcept { return flags_; }

    /// What the program returns for a call: SECCOMP_RET_*, with an errno or a tracer's number in the low
    /// word.
    std::uint32_t verdict(const call& c) const noexcept;

private:
    seccomp_filter(std::vector<instruction> program, std::uint32_t flags) noexcept;

    std::vector<instruction> program_;
    std::uint32_t flags_ = 0;
};

} // namespace sctrace

#endif
