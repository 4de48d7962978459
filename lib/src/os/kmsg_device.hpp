#ifndef SCTRACE_OS_KMSG_DEVICE_HPP
#define SCTRACE_OS_KMSG_DEVICE_HPP

#include <sys/stat.h>

namespace sctrace::detail {

/// Whether @p status is that of /dev/kmsg, whatever its path is (drivers/char/mem.c, devlist).
bool is_kernel_log(const struct stat& status) noexcept;

} // namespace sctrace::detail

#endif
