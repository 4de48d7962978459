#ifndef SCTRACE_SRC_PROFILE_FORMAT_LIMITS_HPP
#define SCTRACE_SRC_PROFILE_FORMAT_LIMITS_HPP

#include "profile/profile_permits.hpp"

#include <sctrace/profile_writer.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// The word for a format on a command line.
std::string_view name_of(profile_format format) noexcept;

/// What to tell about something that a format has no way to say.
/** @param what Goes on after "cannot say". */
failure not_expressible(profile_format format, const std::string& what);

/// For formats without flags.
boost::system::result<void, failure> require_no_flags(const profile& p, profile_format format);

/// For formats that are about one architecture, which they do not name.
boost::system::result<void, failure> require_one_architecture(const profile& p, profile_format format,
                                                              architecture native);

/// For formats that write names as they are: a name that is none could say something else.
boost::system::result<void, failure> require_plain_names(const profile& p, profile_format format);

/// For formats that have names of allowed calls and nothing else: these, sorted bytewise, each once.
boost::system::result<std::vector<std::string>, failure> allowed_names(const profile& p,
                                                                       profile_format format);

} // namespace sctrace::detail

#endif
