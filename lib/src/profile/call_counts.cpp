#include "profile/profile_permits.hpp"

#include <sctrace/call_counts.hpp>
#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

namespace sctrace {

namespace {

using boost::system::result;

struct counter {
    architecture native;

    result<call_counts, failure> operator()(const trace& counts) const { return call_counts{counts, {}}; }

    result<call_counts, failure> operator()(const counted_events& events) const
    {
        call_counts all{events.permitted, {}};
        if (const auto merged = all.counts.merge(events.denied); !merged) {
            return merged.error();
        }
        if (!events.denied.empty()) {
            all.notes.push_back(std::to_string(events.denied.total()) + " of " +
                                std::to_string(all.counts.total()) +
                                " records do not show that the call was let through; they are counted too");
        }
        return all;
    }

    result<call_counts, failure> operator()(const profile& p) const
    {
        if (permits(p.default_verdict.action)) {
            return detail::permits_by_default(p);
        }
        call_counts all;
        for (const syscall_key& call : detail::permitted_calls_of(p, native)) {
            all.counts.add(call);
        }
        all.notes.push_back("a profile: every call that it permits counts once, " +
                            std::to_string(all.counts.size()) + " in all");
        if (std::ranges::any_of(p.rules, detail::permits_on_conditions)) {
            all.notes.emplace_back("calls that the profile permits only with certain arguments do not count");
        }
        return all;
    }

    result<call_counts, failure> operator()(const call_names& list) const
    {
        call_counts all;
        for (const std::string& name : list.names) {
            const auto number = syscall_number(native, name);
            if (!number) {
                all.notes.push_back(name + " is no call of " + native.display_name() + "; it was left out");
            } else if (all.counts.count({native, *number}) == 0) {
                all.counts.add({native, *number});
            }
        }
        all.notes.push_back("a list: every call counts once, " + std::to_string(all.counts.size()) +
                            " in all");
        return all;
    }
};

} // namespace

result<call_counts, failure> count_calls(const saved_calls& calls, architecture native)
{
    return std::visit(counter{native}, calls.contents);
}

} // namespace sctrace
