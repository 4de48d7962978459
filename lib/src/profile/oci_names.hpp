#ifndef SCTRACE_SRC_PROFILE_OCI_NAMES_HPP
#define SCTRACE_SRC_PROFILE_OCI_NAMES_HPP

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

/// The first name of a meaning; empty if it has none.
template <class Words, class T>
constexpr std::string_view name_in(const Words& words, T meaning) noexcept
{
    const auto found = std::ranges::find_if(words, [&](const auto& word) { return word.meaning == meaning; });
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
