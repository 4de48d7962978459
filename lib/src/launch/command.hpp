#ifndef SCTRACE_SRC_LAUNCH_COMMAND_HPP
#define SCTRACE_SRC_LAUNCH_COMMAND_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// Why a command cannot run; the second form says it with the errno, and whether a shell would say "not
/// found".
failure cannot_run(error code, std::string_view command, std::string_view reason);
failure cannot_run(std::string_view command, int number);

/// The file that a command names.
boost::system::result<std::string, failure> resolve_command(const std::string& command);

/// Who a process is: everything that changes with the user.
struct user_identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};

/// Finds a user by name or, if there is no such name, by number.
boost::system::result<user_identity, failure> resolve_user(const std::string& user);

} // namespace sctrace::detail

#endif
