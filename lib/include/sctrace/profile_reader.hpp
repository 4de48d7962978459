#ifndef SCTRACE_PROFILE_READER_HPP
#define SCTRACE_PROFILE_READER_HPP

#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

/// What becomes of what a reader does not understand.
enum class strictness {
    /// It is an error.
    strict,
    /// It is left out, and a note says so. What stays never permits more than the whole would have.
    lenient,
};

/// A profile, and what was left out of it.
struct read_profile {
    /// The profile, without what was left out.
    profile contents;
    /// One sentence each, with the line, such as `line 7: syscalls[2].arg is unknown; the group is left out`.
    /** At most 100, and then `and N more`. */
    std::vector<std::string> notes;
};

/// The longest profile in bytes.
inline constexpr std::size_t max_profile_size = std::size_t{16} * 1024 * 1024;

/// Reads an OCI seccomp profile: the JSON object under `linux.seccomp` of a runtime's
/// config.json, and in a file of its own for Docker, Podman and Kubernetes.
/**
 * A call may also be under `name`, as in Docker's older profiles; `comment` is ignored everywhere, and
 * null is as good as absent. SCMP_ACT_ERRNO and SCMP_ACT_TRACE without `errnoRet` have the value EPERM, as in
 * runc.
 *
 * With strictness::lenient a group of `syscalls` that is not understood whole is left out; one that refuses
 * calls is rather kept without its unknown member or its condition of Docker's templates (`includes`,
 * `excludes`). Where leaving something out might permit what it refuses, it is an error all the same.
 *
 * @param json The whole document, in UTF-8, of max_profile_size at most.
 * @param how What becomes of what is not understood.
 * @par Errors
 * error::malformed_profile, with a message that begins with `line N: ` and names the member
 * (`syscalls[2].args[0].index`):
 * @li no JSON, nested too deep, more than a million values, or a member that is there twice
 * @li a member that is missing or of another type, or a number that is out of range
 * @li a name that is empty or holds spaces or control characters
 * @li rules that contradict each other: for one call, two without conditions or with the same ones, or one
 *     with and one without, of different verdicts
 * @li unless lenient, an unknown action, comparison, architecture, flag or member, a condition of Docker's
 *     templates, `archMap`, a value that nothing uses, and a name that no known architecture has; an unknown
 *     `defaultAction` in any case
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto profile = sctrace::parse_profile(R"({
 *     "defaultAction": "SCMP_ACT_ERRNO",
 *     "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}]
 * })");
 * std::cout << profile->contents.rules.front().names.size() << " calls\n"; // 2 calls
 * const auto damaged = sctrace::parse_profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": 1})");
 * std::cout << damaged.error().message << '\n';
 * // line 1: syscalls must be an array, but is a number
 * @endcode
 */
boost::system::result<read_profile, failure> parse_profile(std::string_view json,
                                                           strictness how = strictness::strict);

} // namespace sctrace

#endif
