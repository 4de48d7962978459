#ifndef SCTRACE_ALLOW_LIST_HPP
#define SCTRACE_ALLOW_LIST_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/trace.hpp>

#include <span>
#include <string>
#include <vector>

namespace sctrace {

/// A profile in the making: what traces show, and what is added to it.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * const auto x86_64 = sctrace::architecture::from_name("x86_64").value();
 * sctrace::trace counts;
 * counts.add({x86_64, 0}, 42);
 * sctrace::allow_list allowed(x86_64);
 * allowed.add(counts);
 * const auto profile = allowed.make({sctrace::filter_action::errno_value, 1});
 * std::cout << profile.rules.front().names.front() << '\n'; // read
 * @endcode
 */
class allow_list {
public:
    /// @p native is always one of the profile's architectures.
    explicit allow_list(architecture native);

    /// Allows the calls of a trace, each on its architecture.
    /** A number without a name cannot be written into a profile: it is in unnamed(). */
    void add(const trace& counts);
    /// Allows calls by their names, on all architectures of the profile.
    void add(std::span<const std::string> names);
    /// Allows what another profile allows or logs, under its conditions; its other rules are left out.
    /** Its architectures are not added: what it allows is allowed on those that the traces show. What its
     * default verdict lets through is not added either: no list of names can say it. */
    void add(const profile& base);

    /// Whether nothing would be allowed.
    bool empty() const noexcept;

    /// Calls of the traces that have no name, each once.
    const std::vector<syscall_key>& unnamed() const noexcept { return unnamed_; }

    /// The profile: sorted names in one rule, then the conditional rules for calls that are not in it.
    /** The native architecture comes first, then those of foreign calls by name. */
    profile make(filter_verdict default_verdict) const;

private:
    std::vector<architecture> architectures(bool refuses) const;

    architecture native_;
    std::vector<architecture> foreign_;
    std::vector<std::string> names_;
    std::vector<profile_rule> conditional_;
    std::vector<syscall_key> unnamed_;
};

/// The profile that has a runtime log every call and refuse none, on @p native and its sub-architectures.
/**
 * Sub-architectures are those whose programs a kernel for @p native runs as well, such as i386 and x32 beside
 * x86_64: without them a runtime kills such a program (libseccomp's SCMP_FLTATR_ACT_BADARCH).
 */
profile log_all_profile(architecture native);

} // namespace sctrace

#endif
