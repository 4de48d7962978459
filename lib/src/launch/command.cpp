#include "launch/command.hpp"

#include "os/os_error.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

/// 0, or the errno that execve(2) would give for this file, as far as the file itself tells.
int check_executable(const std::string& path)
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
bool means_not_found(int number)
{
    return number == ENOENT || number == ENOTDIR || number == ENAMETOOLONG || number == ELOOP;
}

std::string default_search_path()
{
    std::string path(::confstr(_CS_PATH, nullptr, 0), '\0');
    ::confstr(_CS_PATH, path.data(), path.size());
    return path.c_str();
}

std::string search_path()
{
    const char* const path = std::getenv("PATH");
    return path != nullptr ? path : default_search_path();
}

// An empty folder in PATH is the working directory.
std::string candidate(std::string_view folder, const std::string& command)
{
    return folder.empty() ? "./" + command : std::string(folder) + "/" + command;
}

/// Looks for a command without a slash as execvp(3) does: a file that cannot be executed is remembered, and
/// the search goes on.
boost::system::result<std::string, failure> search_command(const std::string& command)
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

std::vector<gid_t> groups_of(const char* name, gid_t gid)
{
    int count = 64;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    while (::getgrouplist(name, gid, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

/// One look-up in the user database; `find` is getpwnam_r or getpwuid_r with its key.
template <class Find>
std::optional<user_identity> look_up(Find find)
{
    std::vector<char> buffer(1024);
    passwd entry{};
    passwd* found = nullptr;
    while (find(&entry, buffer.data(), buffer.size(), &found) == ERANGE) {
        buffer.resize(buffer.size() * 2);
    }
    if (found == nullptr) {
        return std::nullopt;
    }
    return user_identity{entry.pw_uid, entry.pw_gid, groups_of(entry.pw_name, entry.pw_gid)};
}

std::optional<user_identity> look_up_name(const std::string& name)
{
    return look_up([&name](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); });
}

std::optional<user_identity> look_up_number(const std::string& text)
{
    uid_t uid = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, uid);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return look_up([uid](auto... rest) { return ::getpwuid_r(uid, rest...); });
}

} // namespace

failure cannot_run(error code, std::string_view command, std::string_view reason)
{
    return {code, "cannot run " + std::string(command) + ": " + std::string(reason)};
}

failure cannot_run(std::string_view command, int number)
{
    const auto code = means_not_found(number) ? error::command_not_found : error::command_not_executable;
    return cannot_run(code, command, system_error(number).message());
}

boost::system::result<std::string, failure> resolve_command(const std::string& command)
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

boost::system::result<user_identity, failure> resolve_user(const std::string& user)
{
    if (auto found = look_up_name(user)) {
        return *std::move(found);
    }
    if (auto found = look_up_number(user)) {
        return *std::move(found);
    }
    return failure{error::unknown_user, "there is no user " + user};
}

} // namespace sctrace::detail
