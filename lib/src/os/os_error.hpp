#ifndef SCTRACE_SRC_OS_OS_ERROR_HPP
#define SCTRACE_SRC_OS_OS_ERROR_HPP

#include <sctrace/error.hpp>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace sctrace::detail {

/// The errno of a system call as an error code.
inline boost::system::error_code system_error(int number = errno) noexcept
{
    return {number, boost::system::system_category()};
}

/// `cannot read NAME: WHY; ADVICE`
inline failure cannot_read(const std::string& name, boost::system::error_code code,
                           std::string_view advice = {})
{
    std::string message = "cannot read " + name + ": " + code.message();
    if (!advice.empty()) {
        message += "; ";
        message += advice;
    }
    return {code, std::move(message)};
}

} // namespace sctrace::detail

#endif
