#include "profile/profile_conflicts.hpp"

#include "profile/profile_findings.hpp"
#include "profile/profile_permits.hpp"
#include "profile/unique_list.hpp"
#include "text/quote.hpp"

#include <utility>

namespace sctrace::detail {

std::size_t profile_conflicts::number_of(const std::vector<argument_condition>& conditions)
{
    if (conditions.empty()) {
        return no_conditions;
    }
    std::vector<argument_condition> sorted = conditions;
    sort_and_deduplicate(sorted);
    // Any of these is enough, which is another rule than that all must hold; no call has such an argument.
    if (sorted.size() > 1 && are_alternatives(conditions)) {
        sorted.push_back({.index = no_argument});
    }
    const std::size_t next = numbers_.size() + 1;
    return numbers_.emplace(std::move(sorted), next).first->second;
}

void profile_conflicts::add(const placed_call& call, filter_verdict verdict, std::size_t conditions)
{
    known_call& known = calls_[call.name];
    const entry added{verdict, conditions, call.line, call.group};
    const entry* const earlier = contradicting(known, added);
    if (earlier == nullptr) {
        keep(known, added);
        return;
    }
    std::string words = call.path + " gives " + quoted(call.name) + ' ' + words_for(verdict) + ", but ";
    words += element_path("syscalls", earlier->group) + " on line " + std::to_string(earlier->line);
    words += " gives it " + words_for(earlier->verdict);
    words += scope_of(*earlier, added);
    fail(call.line, words + "; leave one of the two out");
}

const profile_conflicts::entry* profile_conflicts::contradicting(const known_call& known, const entry& added)
{
    if (added.conditions == no_conditions) {
        const bool first_differs = known.first && known.first->verdict != added.verdict;
        const std::optional<entry>& different = first_differs ? known.first : known.other;
        return different ? &*different : nullptr;
    }
    for (const std::size_t conditions : {no_conditions, added.conditions}) {
        const auto found = known.rules.find(conditions);
        if (found != known.rules.end() && found->second.verdict != added.verdict) {
            return &found->second;
        }
    }
    return nullptr;
}

void profile_conflicts::keep(known_call& known, const entry& added)
{
    known.rules.emplace(added.conditions, added);
    if (!known.first) {
        known.first = added;
    } else if (!known.other && known.first->verdict != added.verdict) {
        known.other = added;
    }
}

std::string_view profile_conflicts::scope_of(const entry& earlier, const entry& added) noexcept
{
    if (earlier.conditions == no_conditions) {
        return added.conditions == no_conditions ? "" : " whatever its arguments are";
    }
    return earlier.conditions == added.conditions ? " under the same conditions" : " under conditions";
}

std::string words_for(filter_verdict verdict)
{
    std::string words(oci_name(verdict.action));
    return has_value(verdict.action) ? words + " (" + std::to_string(verdict.value) + ')' : words;
}

} // namespace sctrace::detail
