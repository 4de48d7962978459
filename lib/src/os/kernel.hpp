#ifndef SCTRACE_SRC_OS_KERNEL_HPP
#define SCTRACE_SRC_OS_KERNEL_HPP

#include <boost/system/error_code.hpp>

#include <compare>
#include <string>

#include <sys/stat.h>

namespace sctrace::detail {

/// The first two numbers of a kernel's release; a distribution may have added features of later ones.
struct kernel_release {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const kernel_release&) const = default;
};

std::string running_release_text();
kernel_release parse_release(const std::string& text);

/// Whether the kernel knows SECCOMP_RET_LOG; before 4.14 a filter that returns it kills the process.
boost::system::error_code check_log_action() noexcept;

/// Whether @p status is that of /dev/kmsg, whatever its path is (drivers/char/mem.c, devlist).
bool is_kernel_log(const struct stat& status) noexcept;

} // namespace sctrace::detail

#endif
