#include "profile/unique_list.hpp"

#include <sctrace/allow_list.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace sctrace {

namespace {

using detail::add_once;
using detail::sort_and_deduplicate;

constexpr filter_verdict allowed{filter_action::allow, 0};

/// What is left of a conditional rule where @p unconditional are allowed anyway.
profile_rule without(const profile_rule& rule, const std::vector<std::string>& unconditional)
{
    profile_rule left = rule;
    std::erase_if(left.names, [&](const std::string& name) {
        return std::binary_search(unconditional.begin(), unconditional.end(), name);
    });
    sort_and_deduplicate(left.names);
    return left;
}

/// An architecture, and those whose programs a kernel for it runs as well.
struct architecture_family {
    std::string_view native;
    std::array<std::string_view, 2> others;
};

/// As in the default profiles of Docker and Podman (archMap), and the big-endian 64-bit ones beside them.
constexpr std::array families{
    architecture_family{"x86_64", {"i386", "x32"}},
    architecture_family{"aarch64", {"arm", {}}},
    architecture_family{"mips64", {"mips", "mips64n32"}},
    architecture_family{"mips64n32", {"mips", "mips64"}},
    architecture_family{"mipsel64", {"mipsel", "mipsel64n32"}},
    architecture_family{"mipsel64n32", {"mipsel", "mipsel64"}},
    architecture_family{"s390x", {"s390", {}}},
    architecture_family{"ppc64", {"ppc", {}}},
    architecture_family{"parisc64", {"parisc", {}}},
};

/// The architecture first, then those whose programs a kernel for it runs as well.
std::vector<architecture> family_of(architecture native)
{
    std::vector<architecture> archs{native};
    const auto* family = std::ranges::find(families, native.name(), &architecture_family::native);
    if (family != families.end()) {
        for (const std::string_view other : family->others) {
            if (const auto arch = architecture::from_name(other)) {
                archs.push_back(*arch);
            }
        }
    }
    return archs;
}

} // namespace

allow_list::allow_list(architecture native)
    : native_(native)
{
}

void allow_list::add(const trace& counts)
{
    for (const trace::line& l : counts.sorted(native_)) {
        const auto name = syscall_name(l.call.arch, l.call.number);
        if (!name) {
            add_once(unnamed_, l.call);
            continue;
        }
        names_.push_back(*name);
        if (l.call.arch != native_) {
            add_once(foreign_, l.call.arch);
        }
    }
    sort_and_deduplicate(names_);
}

void allow_list::add(std::span<const std::string> names)
{
    names_.insert(names_.end(), names.begin(), names.end());
    sort_and_deduplicate(names_);
}

void allow_list::add(const profile& base)
{
    for (const profile_rule& rule : base.rules) {
        if (!permits(rule.verdict.action)) {
            continue;
        }
        if (rule.conditions.empty()) {
            add(std::span<const std::string>(rule.names));
        } else {
            conditional_.push_back(rule);
            conditional_.back().verdict = allowed;
        }
    }
}

bool allow_list::empty() const noexcept
{
    return names_.empty() &&
           std::ranges::all_of(conditional_, [](const profile_rule& rule) { return rule.names.empty(); });
}

std::vector<architecture> allow_list::architectures(bool refuses) const
{
    // What a profile refuses by its default it refuses on other architectures too: filters kill there.
    std::vector<architecture> archs = refuses ? std::vector{native_} : family_of(native_);
    for (const architecture arch : foreign_) {
        add_once(archs, arch);
    }
    std::ranges::sort(archs.begin() + 1, archs.end(), {}, &architecture::display_name);
    return archs;
}

profile allow_list::make(filter_verdict default_verdict) const
{
    profile made;
    made.default_verdict = default_verdict;
    made.architectures = architectures(!permits(default_verdict.action));
    std::set<std::pair<std::vector<std::string>, std::vector<argument_condition>>> known;
    if (!names_.empty()) {
        made.rules.push_back({names_, allowed, {}});
    }
    for (const profile_rule& rule : conditional_) {
        profile_rule left = without(rule, names_);
        if (!left.names.empty() && known.emplace(left.names, left.conditions).second) {
            made.rules.push_back(std::move(left));
        }
    }
    return made;
}

profile log_all_profile(architecture native)
{
    profile made;
    made.default_verdict = {filter_action::log, 0};
    made.architectures = family_of(native);
    return made;
}

} // namespace sctrace
