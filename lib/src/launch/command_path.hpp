#ifndef SCTRACE_SRC_COMMAND_PATH_HPP
#define SCTRACE_SRC_COMMAND_PATH_HPP

#include "os/system_error.hpp"

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sctrace::detail {

inline failure cannot_run(error code, std::string_view command, std::string_view reason)
{
    return {code, "cannot run " + std::string(command) + ": " + std::string(reason)};
}

/// 0, or the errno that execve(2) would give for this file, as far as the file itself tells.
inline int check_executable(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    if (!S_ISREG(status.st_mode)) {
        return EACCES;
    }
    return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/// Whether a shell would say "not found" (127); for any other errno it says that it cannot execute (126).
inline bool means_not_found(int number)
{
    return number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG || number == ELOOP;
}

inline failure cannot_run(std::string_view command, int number)
{
    const auto code = means_not_found(number) ? error::command_not_found : error::command_not_executable;
    return cannot_run(code, command, system_error(number).message());
}

inline std::string default_search_path()
{
    std::string path(::confstr(_CS_PATH, nullptr, 0), '\0');
    ::confstr(_CS_PATH, path.data(), path.size());
    return path.c_str();
}

inline std::string search_path()
{
    const char* const path = std::getenv("PATH");
    return path != nullptr ? path : default_search_path();
}

// An empty folder in PATH is the working directory.
inline std::string candidate(std::string_view folder, const std::string& command)
{
    return folder.empty() ? "./" + command : std::string(folder) + "/" + command;
}

/// Looks for a command without a slash as execvp(3) does: a file that cannot be executed is remembered, and
/// the search goes on.
inline boost::system::result<std::string, failure> search_command(const std::string& command)
{
    const std::string path = search_path();
    std::string_view rest = path;
    failure refusal = cannot_run(error::command_not_found, command, "not found in PATH");
    for (;;) {
        const auto colon = rest.find(':');
        const std::string file = candidate(rest.substr(0, colon), command);
        const int number = check_executable(file);
        if (number == 0) {
            return file;
        }
        if (!means_not_found(number)) {
            refusal = cannot_run(file, number);
        }
        if (colon == rest.npos) {
            return refusal;
        }
        rest.remove_prefix(colon + 1);
    }
}

/// The file that a command names.
inline boost::system::result<std::string, failure> resolve_command(const std::string& command)
{
    if (command.empty()) {
        return cannot_run(error::command_not_found, "''", "the command's name is empty");
    }
    if (command.find('/') == command.npos) {
        return search_command(command);
    }
    if (const int number = check_executable(command)) {
        return cannot_run(command, number);
    }
    return command;
}

} // namespace sctrace::detail

#endif
