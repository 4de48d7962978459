#ifndef SCTRACE_SRC_SYSTEM_ERROR_HPP
#define SCTRACE_SRC_SYSTEM_ERROR_HPP

#include <boost/system/error_code.hpp>

#include <cerrno>

namespace sctrace::detail {

/// The errno of a system call as an error code.
inline boost::system::error_code system_error(int number = errno) noexcept
{
    return {number, boost::system::system_category()};
}

} // namespace sctrace::detail

#endif
