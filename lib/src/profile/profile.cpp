#include "base/architecture_words.hpp"
#include "profile/oci_names.hpp"
#include "profile/profile_permits.hpp"

#include <sctrace/profile.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <iterator>
#include <set>

namespace sctrace {

namespace {

/// Names that some rule refuses, be it under conditions.
std::set<std::string_view> refused_names(const profile& p)
{
    std::set<std::string_view> names;
    for (const profile_rule& rule : p.rules) {
        if (!permits(rule.verdict.action)) {
            names.insert(rule.names.begin(), rule.names.end());
        }
    }
    return names;
}

std::set<std::string_view> permitted_names(const profile& p)
{
    const std::set<std::string_view> refused = refused_names(p);
    std::set<std::string_view> names;
    for (const profile_rule& rule : p.rules) {
        if (permits(rule.verdict.action) && rule.conditions.empty()) {
            std::ranges::copy_if(rule.names, std::inserter(names, names.end()),
                                 [&](std::string_view name) { return !refused.contains(name); });
        }
    }
    return names;
}

} // namespace

std::string_view oci_name(filter_action action) noexcept
{
    return detail::name_in(detail::oci_actions, action);
}

std::string_view oci_name(comparison op) noexcept
{
    return detail::name_in(detail::oci_comparisons, op);
}

std::string_view oci_name(filter_flag flag) noexcept
{
    return detail::name_in(detail::oci_flags, flag);
}

std::string_view oci_name(architecture arch) noexcept
{
    return detail::words_of(arch).oci;
}

std::optional<architecture> architecture_from_oci_name(std::string_view name) noexcept
{
    return detail::architecture_called(name, &detail::architecture_words::oci);
}

std::vector<syscall_key> permitted_calls(const profile& p, architecture arch, architecture native)
{
    std::vector<syscall_key> calls;
    const auto archs = detail::architectures_of(p, native);
    if (std::ranges::find(archs, arch) == archs.end()) {
        return calls;
    }
    for (const std::string_view name : permitted_names(p)) {
        if (const auto number = syscall_number(arch, name)) {
            calls.push_back({arch, *number});
        }
    }
    std::ranges::sort(calls, {}, &syscall_key::number);
    calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
    return calls;
}

} // namespace sctrace
