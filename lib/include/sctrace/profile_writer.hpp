#ifndef SCTRACE_PROFILE_WRITER_HPP
#define SCTRACE_PROFILE_WRITER_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sctrace {

/// The forms that a profile can be written in.
enum class profile_format {
    /// JSON of the OCI runtime specification, for Docker, Podman, containerd, runc, crun, Kubernetes.
    oci,
    /// JSON with names only, one architecture and no conditions.
    nucleus,
    /// A drop-in for a systemd unit.
    systemd,
    /// A policy file of minijail.
    minijail,
};

/// The format of this name; empty for any other word.
std::optional<profile_format> profile_format_from_name(std::string_view name) noexcept;

/// Writes a profile.
/**
 * What the formats can say:
 * @li oci - everything, but no value for the action trap, and only architectures with an OCI name
 * @li nucleus - the default action kill_process and names of allowed calls, on @p native only
 * @li systemd - the default actions errno, kill_process and log, and names of allowed calls, at least one;
 * the drop-in takes back the unit's own lists (systemd.exec(5): SystemCallFilter=)
 * @li minijail - the default actions kill_process, kill_thread, trap and notify, and for each call one
 * action, or conditions under which it is allowed, on @p native only; a name that @p native lacks becomes a
 * comment (minijail, tools/parser.py)
 *
 * @param p The profile.
 * @param format The form to write it in.
 * @param native The architecture of a profile that names none.
 * @return The whole text, or what the format has no way to say (a condition, an action, an architecture):
 *     nothing is left out silently.
 * @par Errors
 * @li error::not_expressible
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * sctrace::profile profile;
 * profile.rules.push_back({{"read", "write"}, {sctrace::filter_action::allow}, {}});
 * const auto native = sctrace::architecture::native();
 * const auto text = sctrace::to_text(profile, sctrace::profile_format::systemd, native);
 * std::cout << (text ? *text : text.error().message);
 * @endcode
 */
boost::system::result<std::string, failure> to_text(const profile& p, profile_format format,
                                                    architecture native);

/// The frequency file of minijail's policy compiler: how often each native call was seen, `read: 42`, by
/// name.
/** Foreign calls and numbers without a name are left out: the policy has none of them either. */
std::string to_minijail_frequencies(const trace& counts, architecture native);

} // namespace sctrace

#endif
