#ifndef SCTRACE_SRC_PROFILE_PROFILE_PERMITS_HPP
#define SCTRACE_SRC_PROFILE_PROFILE_PERMITS_HPP

#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// Whether an action keeps calls from running, whatever a tracer or supervisor says.
constexpr bool refuses(filter_action action) noexcept
{
    return !permits(action) && action != filter_action::notify && action != filter_action::trace;
}

/// Whether an action has a value.
constexpr bool has_value(filter_action action) noexcept
{
    return action == filter_action::errno_value || action == filter_action::trace;
}

/// Whether one of a rule's conditions is enough, because two of them are about one argument.
bool are_alternatives(const std::vector<argument_condition>& conditions);

/// Whether some architecture has a call of this name.
/** Architectures that OCI has no word for have no calls that all the others lack. */
bool is_call_of_any_architecture(std::string_view name);

/// Whether a rule lets its calls through only with certain arguments.
inline bool permits_on_conditions(const profile_rule& rule) noexcept
{
    return permits(rule.verdict.action) && !rule.conditions.empty();
}

/// What a profile permits whatever the arguments, on all its architectures.
std::vector<syscall_key> permitted_calls_of(const profile& p, architecture native);

/// Why what a deny-list permits cannot be listed.
failure permits_by_default(const profile& p);

/// The architectures of a profile, also of one that leaves them open; each once, in the profile's order.
std::vector<architecture> architectures_of(const profile& p, architecture native);

/// `x86_64, i386`.
std::string names_of(const std::vector<architecture>& architectures);

} // namespace sctrace::detail

#endif
