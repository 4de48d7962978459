#include "profile/writers/formats.hpp"

#include "profile/unique_list.hpp"
#include "text/quote.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sctrace::detail {

namespace {

bool is_plain(std::string_view name) noexcept
{
    return !name.empty() && std::ranges::all_of(name, [](char c) {
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

void refuse(profile_format format, const std::string& what)
{
    throw not_expressible(format, what);
}

void require_no_flags(const profile& p, profile_format format)
{
    if (p.flags.empty()) {
        return;
    }
    std::vector<std::string> names;
    for (const filter_flag flag : p.flags) {
        names.emplace_back(oci_name(flag));
    }
    refuse(format, joined(names));
}

void require_one_architecture(const profile& p, profile_format format, architecture native)
{
    std::vector<architecture> others = architectures_of(p, native);
    std::erase(others, native);
    if (!others.empty()) {
        refuse(format,
               "that calls of " + names_of(others) + " are allowed, only those of " + native.display_name());
    }
}

void require_plain_names(const profile& p, profile_format format)
{
    for (const profile_rule& rule : p.rules) {
        const auto odd = std::ranges::find_if_not(rule.names, is_plain);
        if (odd != rule.names.end()) {
            refuse(format, "'" + *odd + "', which is no name of a system call");
        }
    }
}

std::vector<std::string> allowed_names(const profile& p, profile_format format)
{
    std::vector<std::string> names;
    for (const profile_rule& rule : p.rules) {
        if (rule.verdict.action != filter_action::allow || !rule.conditions.empty()) {
            refuse(format, description_of(rule));
        }
        names.insert(names.end(), rule.names.begin(), rule.names.end());
    }
    sort_and_deduplicate(names);
    return names;
}

void refuse_architecture(architecture arch, profile_format format)
{
    refuse(format, "the architecture " + arch.display_name() + ", which has no name in it");
}

} // namespace sctrace::detail
