#ifndef SCTRACE_SRC_PROFILE_PROFILE_GROUP_HPP
#define SCTRACE_SRC_PROFILE_PROFILE_GROUP_HPP

#include "profile/profile_conflicts.hpp"
#include "profile/profile_findings.hpp"

#include <sctrace/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// What becomes of a group when the reader passes over something in it.
enum class effect {
    /// It concerns more calls than its author meant.
    wider,
    /// It makes no sense any more.
    senseless,
};

/// Something in a group that is not understood.
struct group_doubt {
    std::uint64_t line = 0;
    std::string problem;
    effect when_ignored = effect::senseless;
};

/// An element of `syscalls`, as far as it is understood.
struct profile_group {
    std::vector<placed_call> calls;
    /// Empty for an unknown action.
    std::optional<filter_verdict> verdict;
    std::vector<argument_condition> conditions;
    /// Only where the reader is lenient: else the first one is an error.
    std::vector<group_doubt> doubts;
};

/// Reads an element of `syscalls`. Whether its names are those of calls is not asked.
profile_group read_group(findings& found, const node& at, std::size_t index);

/// The verdict of a word such as `SCMP_ACT_ERRNO` where no value stands beside it; empty for another word.
/** The value is then EPERM, as in runc (libcontainer/seccomp/seccomp_linux.go: actErrno, actTrace). */
std::optional<filter_verdict> verdict_of(std::string_view action) noexcept;

/// Reads `errnoRet` or `defaultErrnoRet` into a verdict.
void read_value(findings& found, const node& at, filter_verdict& verdict);

/// What to write instead of an action that verdict_of() does not know.
std::string_view known_actions() noexcept;

} // namespace sctrace::detail

#endif
