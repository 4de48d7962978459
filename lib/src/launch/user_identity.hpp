#ifndef SCTRACE_SRC_USER_IDENTITY_HPP
#define SCTRACE_SRC_USER_IDENTITY_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

namespace sctrace::detail {

/// Who a process is: everything that changes with the user.
struct user_identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};

inline std::vector<gid_t> groups_of(const char* name, gid_t gid)
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

inline std::optional<user_identity> look_up_name(const std::string& name)
{
    return look_up([&name](passwd* entry, char* buffer, std::size_t size, passwd** found) {
        return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
    });
}

inline std::optional<user_identity> look_up_number(const std::string& text)
{
    uid_t uid = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, uid);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return look_up([uid](passwd* entry, char* buffer, std::size_t size, passwd** found) {
        return ::getpwuid_r(uid, entry, buffer, size, found);
    });
}

/// Finds a user by name or, if there is no such name, by number.
inline boost::system::result<user_identity, failure> resolve_user(const std::string& user)
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

#endif
