#ifndef SCTRACE_SRC_READ_FAILURE_HPP
#define SCTRACE_SRC_READ_FAILURE_HPP

#include <sctrace/error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace sctrace::detail {

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
