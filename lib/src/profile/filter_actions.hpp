#ifndef SCTRACE_SRC_FILTER_ACTIONS_HPP
#define SCTRACE_SRC_FILTER_ACTIONS_HPP

#include <sctrace/profile.hpp>

#include <algorithm>
#include <vector>

namespace sctrace {

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
inline bool are_alternatives(const std::vector<argument_condition>& conditions)
{
    return std::any_of(conditions.begin(), conditions.end(), [&](const argument_condition& condition) {
        return std::count_if(conditions.begin(), conditions.end(), [&](const argument_condition& other) {
                   return other.index == condition.index;
               }) > 1;
    });
}

} // namespace sctrace

#endif
