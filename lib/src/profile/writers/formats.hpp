#ifndef SCTRACE_SRC_PROFILE_FORMATS_HPP
#define SCTRACE_SRC_PROFILE_FORMATS_HPP

#include <sctrace/profile_writer.hpp>

#include <string>

// The formats of to_text(), each with a source of its own but the first two.
namespace sctrace::detail {

/// The profile as an object of the OCI runtime specification (config-linux.md: Seccomp).
boost::system::result<std::string, failure> to_oci(const profile& p, architecture native);

/// The profile as the object that has nothing but one architecture and one group of names.
boost::system::result<std::string, failure> to_nucleus(const profile& p, architecture native);

/// The profile as a drop-in for a unit of systemd (systemd.exec(5): SystemCallFilter=).
boost::system::result<std::string, failure> to_systemd(const profile& p, architecture native);

/// The profile as a policy for minijail's compiler (minijail, tools/parser.py and minijail0(5)).
boost::system::result<std::string, failure> to_minijail(const profile& p, architecture native);

} // namespace sctrace::detail

#endif
