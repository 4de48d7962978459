#ifndef SCTRACE_SRC_MINIJAIL_POLICY_HPP
#define SCTRACE_SRC_MINIJAIL_POLICY_HPP

#include <sctrace/profile_writer.hpp>

#include <string>

namespace sctrace::detail {

/// The profile as a policy for minijail's compiler (minijail, tools/parser.py and minijail0(5)).
boost::system::result<std::string, failure> to_minijail(const profile& p, architecture native);

} // namespace sctrace::detail

#endif
