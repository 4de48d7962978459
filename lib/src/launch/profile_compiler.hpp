#ifndef SCTRACE_SRC_LAUNCH_PROFILE_COMPILER_HPP
#define SCTRACE_SRC_LAUNCH_PROFILE_COMPILER_HPP

#include "launch/filter_code.hpp"

#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>

#include <boost/system/result.hpp>

#include <cstdint>

namespace sctrace::detail {

/// A profile as a program for seccomp(2).
struct compiled_profile {
    filter_code program;
    std::uint32_t flags = 0;
};

/// Has libseccomp compile a profile, and adds the calls that it does not know.
boost::system::result<compiled_profile, failure> compile_profile(const profile& p, architecture native);

/// Whether a kernel of one architecture may see calls of another.
bool runs_on(architecture native, architecture other);

} // namespace sctrace::detail

#endif
