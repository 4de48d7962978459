#ifndef SCTRACE_SRC_PROFILE_PERMITS_HPP
#define SCTRACE_SRC_PROFILE_PERMITS_HPP

#include "profile/filter_actions.hpp"

#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace sctrace::detail {

/// Why what a deny-list permits cannot be listed.
inline failure permits_by_default(const profile& p)
{
    return {error::not_expressible, "the profile permits what it does not name (its default is " +
                                        std::string(oci_name(p.default_verdict.action)) +
                                        "), so that what it permits cannot be listed; take a profile that "
                                        "names what it allows"};
}

/// The architectures of a profile, also of one that leaves them open; each once, in the profile's order.
inline std::vector<architecture> architectures_of(const profile& p, architecture native)
{
    std::vector<architecture> archs;
    for (const architecture arch : p.architectures) {
        if (std::find(archs.begin(), archs.end(), arch) == archs.end()) {
            archs.push_back(arch);
        }
    }
    return archs.empty() ? std::vector{native} : archs;
}

} // namespace sctrace::detail

#endif
