#include "os/kernel.hpp"

#include "os/os_error.hpp"

#include <charconv>
#include <cstdint>

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace sctrace::detail {

std::string running_release_text()
{
    utsname names{};
    return ::uname(&names) == 0 ? std::string(names.release) : std::string();
}

kernel_release parse_release(const std::string& text)
{
    kernel_release release;
    const char* const end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, release.major);
    if (major.ptr != end && *major.ptr == '.') {
        std::from_chars(major.ptr + 1, end, release.minor);
    }
    return release;
}

boost::system::error_code check_log_action() noexcept
{
    const std::uint32_t action = SECCOMP_RET_LOG;
    const bool known = ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    return known ? boost::system::error_code() : system_error(EOPNOTSUPP);
}

bool is_kernel_log(const struct stat& status) noexcept
{
    constexpr unsigned mem_major = 1;
    constexpr unsigned kmsg_minor = 11;
    return S_ISCHR(status.st_mode) && major(status.st_rdev) == mem_major &&
           minor(status.st_rdev) == kmsg_minor;
}

} // namespace sctrace::detail
