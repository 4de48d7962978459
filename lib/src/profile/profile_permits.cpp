#include "profile/profile_permits.hpp"

#include "profile/unique_list.hpp"
#include "text/joined.hpp"

#include <algorithm>

namespace sctrace::detail {

bool are_alternatives(const std::vector<argument_condition>& conditions)
{
    return std::any_of(conditions.begin(), conditions.end(), [&](const argument_condition& condition) {
        return std::count_if(conditions.begin(), conditions.end(), [&](const argument_condition& other) {
                   return other.index == condition.index;
               }) > 1;
    });
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
