#include "launch/audit_session.hpp"

#include "os/descriptor.hpp"

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

// Opens a file, reads or writes it once, and closes it. Returns 0 or the errno.
__attribute__((no_sanitize("address", "thread", "undefined"))) int
transfer(const char* path, int flags, long call, const void* memory, std::size_t size) noexcept
{
    const long file = ::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
    if (file < 0) {
        return errno;
    }
    const int error = ::syscall(call, file, memory, size) < 0 ? errno : 0;
    ::syscall(SYS_close, file);
    return error;
}

} // namespace

audit_session prepare_session(uid_t if_unset) noexcept
{
    audit_session session;
    auto& text = session.login_uid;
    const unique_descriptor file(::open("/proc/thread-self/loginuid", O_RDONLY | O_CLOEXEC));
    const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size < 0) {
        session.error = errno;
        return session;
    }
    session.login_uid_size = static_cast<std::size_t>(size);
    constexpr std::string_view unset = "4294967295";
    if (std::string_view(text.data(), session.login_uid_size).starts_with(unset)) {
        const auto end = std::to_chars(text.data(), text.data() + text.size(), if_unset).ptr;
        session.login_uid_size = static_cast<std::size_t>(end - text.data());
    }
    return session;
}

// Any successful write to the login uid makes a new session, also if the value stays the same
// (kernel/audit.c, audit_set_loginuid()).
__attribute__((no_sanitize("address", "thread", "undefined"))) void
take_session(audit_session& session) noexcept
{
    if (session.error == 0) {
        session.error =
            transfer("/proc/self/loginuid", O_WRONLY, SYS_write, &session.login_uid, session.login_uid_size);
    }
    if (session.error == 0) {
        session.error =
            transfer("/proc/self/sessionid", O_RDONLY, SYS_read, &session.id, sizeof session.id - 1);
    }
}

std::optional<std::uint32_t> id_of(const audit_session& session) noexcept
{
    std::uint32_t id = 0;
    const auto parsed = std::from_chars(session.id.data(), session.id.data() + session.id.size(), id);
    return session.error == 0 && parsed.ec == std::errc() ? std::optional(id) : std::nullopt;
}

} // namespace sctrace::detail
