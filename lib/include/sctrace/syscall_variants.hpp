#ifndef SCTRACE_SYSCALL_VARIANTS_HPP
#define SCTRACE_SYSCALL_VARIANTS_HPP

#include <sctrace/architecture.hpp>

#include <span>
#include <string>
#include <vector>

namespace sctrace {

/// A call that another C library or kernel may use in place of one that was seen.
struct syscall_variant {
    /// What is not in the list.
    std::string name;
    /// What is, and does the same.
    std::string seen;
};

/// Relatives of the calls of @p names that are not among them, such as `clone3` for `clone`, sorted by name.
/**
 * Only those that @p native has, each once. They are advice for a person, who has to weigh it: `clone3` for
 * one takes its flags from memory, where no filter can look at them.
 *
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const std::vector<std::string> seen{"clone"};
 * const auto x86_64 = sctrace::architecture::from_name("x86_64").value();
 * for (const sctrace::syscall_variant& variant : sctrace::variants_of(seen, x86_64)) {
 *     std::cout << variant.name << " for " << variant.seen << '\n';
 * }
 * // clone3 for clone
 * // fork for clone
 * // vfork for clone
 * @endcode
 */
std::vector<syscall_variant> variants_of(std::span<const std::string> names, architecture native);

} // namespace sctrace

#endif
