#ifndef SCTRACE_CALL_DIFF_HPP
#define SCTRACE_CALL_DIFF_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/saved_calls.hpp>

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

/// A file of system calls and what to call it in words for people.
struct named_calls {
    /// What it is called in notes and messages.
    std::string_view name;
    /// What it holds.
    const saved_calls& calls;
};

/// A call that only one of two files has.
struct call_difference {
    /// One of the two files.
    enum class side {
        /// The one on the left.
        first,
        /// The one on the right.
        second,
    };

    /// The architecture of the call.
    architecture arch;
    /// The call's name, or its number where that has none.
    std::string call;
    /// The file that has the call.
    side only_in = side::first;

    friend bool operator==(const call_difference&, const call_difference&) noexcept = default;
};

/// How two files of system calls differ.
struct call_diff {
    /// Native calls first, then foreign architectures by name; by the call's name bytewise within each.
    std::vector<call_difference> calls;
    /// What else differs between two profiles: default verdicts, conditions, actions, flags,
    /// architectures. One sentence each without a full stop.
    std::vector<std::string> other;
    /// How something was compared, where it is not obvious.
    std::vector<std::string> notes;

    /// Whether nothing differs.
    bool equal() const noexcept { return calls.empty() && other.empty(); }
};

/// Compares what two files of system calls hold; counts do not matter.
/**
 * Two profiles are compared by what they permit whatever the arguments, on each architecture; where that is
 * the same of a call, by their rules for it. A list holds calls of @p native, events hold all their records,
 * permitted or not.
 *
 * Against a profile, a call of a trace, of events or of a list is only in the latter if the profile does not
 * permit it whatever the arguments on the call's architecture. A call that the profile permits is only in the
 * profile if the other file has its name on no architecture; it is then there once, on the first architecture
 * on which the profile permits it.
 *
 * @param first The file on the left, as of diff(1).
 * @param second The file on the right.
 * @param native The architecture of a list, and of a profile that names none.
 * @par Errors
 * error::not_expressible - a profile permits by default: what it permits cannot be listed
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const sctrace::saved_calls before{sctrace::call_names{{"read", "write"}}, {}};
 * const sctrace::saved_calls after{sctrace::call_names{{"read"}}, {}};
 * const auto native = sctrace::architecture::native();
 * const auto diff = sctrace::compare_calls({"before", before}, {"after", after}, native);
 * std::cout << sctrace::to_text(*diff, native); // -write
 * std::cout << (diff->equal() ? "equal" : "different") << '\n'; // different
 * @endcode
 */
boost::system::result<call_diff, failure> compare_calls(const named_calls& first, const named_calls& second,
                                                        architecture native);

/// The calls of a difference, one on a line: `-read`, `+write`, `-waitpid (i386)`.
std::string to_text(const call_diff& diff, architecture native);

} // namespace sctrace

#endif
