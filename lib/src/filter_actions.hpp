#ifndef SCTRACE_SRC_FILTER_ACTIONS_HPP
#define SCTRACE_SRC_FILTER_ACTIONS_HPP

#include <sctrace/profile.hpp>

namespace sctrace {

/// Whether an action lets calls through.
constexpr bool permits(filter_action action) noexcept
{
    return action == filter_action::allow || action == filter_action::log;
}

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

} // namespace sctrace

#endif
