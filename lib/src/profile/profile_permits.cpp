#include "profile/profile_permits.hpp"

#include "base/architecture_words.hpp"
#include "profile/unique_list.hpp"
#include "text/quote.hpp"

#include <sctrace/syscall_names.hpp>

#include <algorithm>

namespace sctrace::detail {

bool are_alternatives(const std::vector<argument_condition>& conditions)
{
    return std::ranges::any_of(conditions, [&](const argument_condition& condition) {
        return std::ranges::count(conditions, condition.index, &argument_condition::index) > 1;
    });
}

bool is_call_of_any_architecture(std::string_view name)
{
    return std::ranges::any_of(known_architectures, [&](const architecture_words& words) {
        return !words.oci.empty() && syscall_number(words.arch, name);
    });
}

std::vector<syscall_key> permitted_calls_of(const profile& p, architecture native)
{
    std::vector<syscall_key> calls;
    for (const architecture arch : architectures_of(p, native)) {
        const auto on_this = permitted_calls(p, arch, native);
        calls.insert(calls.end(), on_this.begin(), on_this.end());
    }
    return calls;
}

failure permits_by_default(const profile& p)
{
    return {error::not_expressible, "the profile permits what it does not name (its default is " +
                                        std::string(oci_name(p.default_verdict.action)) +
                                        "), so that what it permits cannot be listed; take a profile that "
                                        "names what it allows"};
}

std::vector<architecture> architectures_of(const profile& p, architecture native)
{
    std::vector<architecture> archs;
    for (const architecture arch : p.architectures) {
        add_once(archs, arch);
    }
    return archs.empty() ? std::vector{native} : archs;
}

std::string names_of(const std::vector<architecture>& architectures)
{
    std::vector<std::string> names;
    for (const architecture arch : architectures) {
        names.push_back(arch.display_name());
    }
    return joined(names);
}

} // namespace sctrace::detail
