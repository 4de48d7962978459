#ifndef SCTRACE_SRC_LOG_ACTION_HPP
#define SCTRACE_SRC_LOG_ACTION_HPP

#include "os/system_error.hpp"

#include <cstdint>

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

/// Whether the kernel knows SECCOMP_RET_LOG; before 4.14 a filter that returns it kills the process.
inline boost::system::error_code check_log_action() noexcept
{
    const std::uint32_t action = SECCOMP_RET_LOG;
    if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
        return {};
    }
    return system_error(EOPNOTSUPP);
}

} // namespace sctrace::detail

#endif
