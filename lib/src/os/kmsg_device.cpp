#include "os/kmsg_device.hpp"

#include <sys/sysmacros.h>

namespace sctrace::detail {

bool is_kernel_log(const struct stat& status) noexcept
{
    constexpr unsigned mem_major = 1;
    constexpr unsigned kmsg_minor = 11;
    return S_ISCHR(status.st_mode) && major(status.st_rdev) == mem_major &&
           minor(status.st_rdev) == kmsg_minor;
}

} // namespace sctrace::detail
