#ifndef SCTRACE_SRC_PROFILE_JSON_HPP
#define SCTRACE_SRC_PROFILE_JSON_HPP

#include <sctrace/profile_writer.hpp>

#include <string>

namespace sctrace::detail {

/// The profile as an object of the OCI runtime specification (config-linux.md: Seccomp).
boost::system::result<std::string, failure> to_oci(const profile& p, architecture native);

/// The profile as the object that has nothing but one architecture and one group of names.
boost::system::result<std::string, failure> to_nucleus(const profile& p, architecture native);

} // namespace sctrace::detail

#endif
