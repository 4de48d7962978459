#ifndef SCTRACE_SRC_HOST_HOST_CHECK_HPP
#define SCTRACE_SRC_HOST_HOST_CHECK_HPP

#include <sctrace/host_check.hpp>

#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

namespace sctrace::detail {

// The parts of check_host(), in its order.
std::vector<host_finding> check_kernel();
std::vector<host_finding> check_seccomp();
std::vector<host_finding> check_privileges();
std::vector<host_finding> check_audit();
std::vector<host_finding> check_printk();
std::vector<host_finding> check_names();

/// Whether the calling thread has an effective capability that the kernel's own checks accept: one of another
/// user namespace is none.
bool has_host_capability(int capability) noexcept;

/// Whether this process's user namespace is the initial one.
bool in_initial_user_namespace() noexcept;

/// The value of a finding that could not be read.
inline std::string unreadable(const boost::system::error_code& why)
{
    return "cannot be read: " + why.message();
}

} // namespace sctrace::detail

#endif
