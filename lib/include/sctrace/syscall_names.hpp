#ifndef SCTRACE_SYSCALL_NAMES_HPP
#define SCTRACE_SYSCALL_NAMES_HPP

#include <sctrace/architecture.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace {

/// The name of a system call.
/**
 * The names are libseccomp's, and for calls that are newer than it the kernel's.
 *
 * @param arch The architecture; x32 is one of its own.
 * @param number The number as the kernel logs it: with bit 30 for x32, from 4000, 5000 or 6000 on for the
 *     three ABIs of MIPS.
 * @return Empty if the architecture or the number has no known name; a negative number never has one.
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto i386 = sctrace::architecture::from_name("i386").value();
 * std::cout << sctrace::syscall_name(i386, 64).value_or("unknown") << '\n'; // getppid
 * std::cout << sctrace::syscall_number(i386, "getppid").value() << '\n'; // 64
 * @endcode
 */
std::optional<std::string> syscall_name(architecture arch, std::int64_t number);

/// The number of a system call, as the kernel logs it; the inverse of syscall_name().
/**
 * @return Empty if the architecture has no call of that name. A call that exists only inside a multiplexer
 *     (`accept` of i386, which goes through `socketcall`) has no number of its own.
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 */
std::optional<std::int64_t> syscall_number(architecture arch, std::string_view name);

} // namespace sctrace

#endif
