#ifndef SCTRACE_SRC_PROFILE_FORMATS_HPP
#define SCTRACE_SRC_PROFILE_FORMATS_HPP

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

/// Ends the writing from whatever depth: throws not_expressible().
[[noreturn]] void refuse(profile_format format, const std::string& what);

// These refuse() what a format cannot say.

/// For formats without flags.
void require_no_flags(const profile& p, profile_format format);

/// For formats that are about one architecture, which they do not name.
void require_one_architecture(const profile& p, profile_format format, architecture native);

/// For formats that write names as they are: a name that is none could say something else.
void require_plain_names(const profile& p, profile_format format);

/// For formats that have names of allowed calls and nothing else: these, sorted bytewise, each once.
std::vector<std::string> allowed_names(const profile& p, profile_format format);

/// For an architecture that the format has no name for.
[[noreturn]] void refuse_architecture(architecture arch, profile_format format);

// The formats of to_text(), each with a source of its own but the first two. What they cannot say they
// refuse().

/// The profile as an object of the OCI runtime specification (config-linux.md: Seccomp).
std::string to_oci(const profile& p, architecture native);

/// The profile as the object that has nothing but one architecture and one group of names.
std::string to_nucleus(const profile& p, architecture native);

/// The profile as a drop-in for a unit of systemd (systemd.exec(5): SystemCallFilter=).
std::string to_systemd(const profile& p, architecture native);

/// The profile as a policy for minijail's compiler (minijail, tools/parser.py and minijail0(5)).
std::string to_minijail(const profile& p, architecture native);

} // namespace sctrace::detail

#endif
