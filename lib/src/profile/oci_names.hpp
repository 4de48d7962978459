#ifndef SCTRACE_SRC_PROFILE_OCI_NAMES_HPP
#define SCTRACE_SRC_PROFILE_OCI_NAMES_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/profile.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sctrace::detail {

/// A word of the OCI runtime specification (config-linux.md: Seccomp).
template <class T>
struct oci_word {
    T meaning;
    std::string_view name;
};

/// `SCMP_ACT_KILL` is the older name of what the specification calls SCMP_ACT_KILL_THREAD since 1.1.
inline constexpr std::array oci_actions{
    oci_word<filter_action>{filter_action::allow, "SCMP_ACT_ALLOW"},
    oci_word<filter_action>{filter_action::errno_value, "SCMP_ACT_ERRNO"},
    oci_word<filter_action>{filter_action::kill_process, "SCMP_ACT_KILL_PROCESS"},
    oci_word<filter_action>{filter_action::kill_thread, "SCMP_ACT_KILL_THREAD"},
    oci_word<filter_action>{filter_action::kill_thread, "SCMP_ACT_KILL"},
    oci_word<filter_action>{filter_action::log, "SCMP_ACT_LOG"},
    oci_word<filter_action>{filter_action::notify, "SCMP_ACT_NOTIFY"},
    oci_word<filter_action>{filter_action::trace, "SCMP_ACT_TRACE"},
    oci_word<filter_action>{filter_action::trap, "SCMP_ACT_TRAP"},
};

inline constexpr std::array oci_comparisons{
    oci_word<comparison>{comparison::not_equal, "SCMP_CMP_NE"},
    oci_word<comparison>{comparison::less, "SCMP_CMP_LT"},
    oci_word<comparison>{comparison::less_or_equal, "SCMP_CMP_LE"},
    oci_word<comparison>{comparison::equal, "SCMP_CMP_EQ"},
    oci_word<comparison>{comparison::greater_or_equal, "SCMP_CMP_GE"},
    oci_word<comparison>{comparison::greater, "SCMP_CMP_GT"},
    oci_word<comparison>{comparison::masked_equal, "SCMP_CMP_MASKED_EQ"},
};

inline constexpr std::array oci_flags{
    oci_word<filter_flag>{filter_flag::tsync, "SECCOMP_FILTER_FLAG_TSYNC"},
    oci_word<filter_flag>{filter_flag::log, "SECCOMP_FILTER_FLAG_LOG"},
    oci_word<filter_flag>{filter_flag::spec_allow, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
    oci_word<filter_flag>{filter_flag::wait_killable_recv, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
};

/// An architecture's word in OCI, and that of SystemCallArchitectures= where systemd has one.
struct architecture_word {
    architecture meaning;
    std::string_view name;
    /// systemd, src/shared/seccomp-util.c: seccomp_arch_from_string
    std::string_view systemd_name{};
};

/// The plain SH of OCI and libseccomp is the little-endian one (libseccomp 2.6, seccomp.h: SCMP_ARCH_SH).
inline constexpr std::array oci_architectures{
    architecture_word{architecture(0xc000003e), "SCMP_ARCH_X86_64", "x86-64"},
    architecture_word{architecture(0x40000003), "SCMP_ARCH_X86", "x86"},
    architecture_word{architecture(0x4000003e), "SCMP_ARCH_X32", "x32"},
    architecture_word{architecture(0xc00000b7), "SCMP_ARCH_AARCH64", "arm64"},
    architecture_word{architecture(0x40000028), "SCMP_ARCH_ARM", "arm"},
    architecture_word{architecture(0x00000008), "SCMP_ARCH_MIPS", "mips"},
    architecture_word{architecture(0x80000008), "SCMP_ARCH_MIPS64", "mips64"},
    architecture_word{architecture(0xa0000008), "SCMP_ARCH_MIPS64N32", "mips64-n32"},
    architecture_word{architecture(0x40000008), "SCMP_ARCH_MIPSEL", "mips-le"},
    architecture_word{architecture(0xc0000008), "SCMP_ARCH_MIPSEL64", "mips64-le"},
    architecture_word{architecture(0xe0000008), "SCMP_ARCH_MIPSEL64N32", "mips64-le-n32"},
    architecture_word{architecture(0x00000014), "SCMP_ARCH_PPC", "ppc"},
    architecture_word{architecture(0x80000015), "SCMP_ARCH_PPC64", "ppc64"},
    architecture_word{architecture(0xc0000015), "SCMP_ARCH_PPC64LE", "ppc64-le"},
    architecture_word{architecture(0x00000016), "SCMP_ARCH_S390", "s390"},
    architecture_word{architecture(0x80000016), "SCMP_ARCH_S390X", "s390x"},
    architecture_word{architecture(0x0000000f), "SCMP_ARCH_PARISC", "parisc"},
    architecture_word{architecture(0x8000000f), "SCMP_ARCH_PARISC64", "parisc64"},
    architecture_word{architecture(0xc00000f3), "SCMP_ARCH_RISCV64", "riscv64"},
    architecture_word{architecture(0xc0000102), "SCMP_ARCH_LOONGARCH64", "loongarch64"},
    architecture_word{architecture(0x00000004), "SCMP_ARCH_M68K"},
    architecture_word{architecture(0x4000002a), "SCMP_ARCH_SH"},
    architecture_word{architecture(0x0000002a), "SCMP_ARCH_SHEB"},
};

/// The first word for a meaning; the end if there is none.
template <class Words, class T>
constexpr auto word_for(const Words& words, T meaning) noexcept
{
    return std::ranges::find_if(words, [&](const auto& word) { return word.meaning == meaning; });
}

/// The first name of a meaning; empty if it has none.
template <class Words, class T>
constexpr std::string_view name_in(const Words& words, T meaning) noexcept
{
    const auto found = word_for(words, meaning);
    return found != words.end() ? found->name : std::string_view();
}

/// The meaning of a name; empty if it has none.
template <class Words>
constexpr auto meaning_in(const Words& words, std::string_view name) noexcept
{
    const auto found = std::ranges::find_if(words, [&](const auto& word) { return word.name == name; });
    return found != words.end() ? std::optional(found->meaning) : std::nullopt;
}

} // namespace sctrace::detail

#endif
