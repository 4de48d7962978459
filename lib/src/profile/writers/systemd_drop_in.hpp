#ifndef SCTRACE_SRC_SYSTEMD_DROP_IN_HPP
#define SCTRACE_SRC_SYSTEMD_DROP_IN_HPP

#include <sctrace/profile_writer.hpp>

#include <string>

namespace sctrace::detail {

/// The profile as a drop-in for a unit of systemd (systemd.exec(5): SystemCallFilter=).
boost::system::result<std::string, failure> to_systemd(const profile& p, architecture native);

} // namespace sctrace::detail

#endif
