#include "profile/writers/format_limits.hpp"

#include "profile/unique_list.hpp"
#include "text/joined.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sctrace::detail {

namespace {

bool is_plain(std::string_view name) noexcept
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// What is said of a rule that a list of names cannot say.
std::string description_of(const profile_rule& rule)
{
    const std::string names = joined(rule.names);
    return rule.conditions.empty()
               ? "the action " + std::string(oci_name(rule.verdict.action)) + " for " + names
               : "the conditions on the arguments of " + names;
}

} // namespace

std::string_view name_of(profile_format format) noexcept
{
    constexpr std::array<std::string_view, 5> names{"oci", "nucleus", "systemd", "minijail", ""};
    return names[std::min(static_cast<std::size_t>(format), names.size() - 1)];
}

failure not_expressible(profile_format format, const std::string& what)
{
    const std::string way_out = format == profile_format::oci ? "" : "; use the format oci, or leave it out";
    return {error::not_expressible,
            "the format " + std::string(name_of(format)) + " cannot say " + what + way_out};
}

boost::system::result<void, failure> require_no_flags(const profile& p, profile_format format)
{
    if (p.flags.empty()) {
        return {};
    }
    std::vector<std::string> names;
    for (const filter_flag flag : p.flags) {
        names.emplace_back(oci_name(flag));
    }
    return not_expressible(format, joined(names));
}

boost::system::result<void, failure> require_one_architecture(const profile& p, profile_format format,
                                                              architecture native)
{
    std::vector<architecture> others = architectures_of(p, native);
    std::erase(others, native);
    if (others.empty()) {
        return {};
    }
    return not_expressible(format, "that calls of " + names_of(others) + " are allowed, only those of " +
                                       native.display_name());
}

boost::system::result<void, failure> require_plain_names(const profile& p, profile_format format)
{
    for (const profile_rule& rule : p.rules) {
        const auto odd = std::find_if_not(rule.names.begin(), rule.names.end(), is_plain);
        if (odd != rule.names.end()) {
            return not_expressible(format, "'" + *odd + "', which is no name of a system call");
        }
    }
    return {};
}

boost::system::result<std::vector<std::string>, failure> allowed_names(const profile& p,
                                                                       profile_format format)
{
    std::vector<std::string> names;
    for (const profile_rule& rule : p.rules) {
        if (rule.verdict.action != filter_action::allow || !rule.conditions.empty()) {
            return not_expressible(format, description_of(rule));
        }
        names.insert(names.end(), rule.names.begin(), rule.names.end());
    }
    sort_and_deduplicate(names);
    return names;
}

} // namespace sctrace::detail
