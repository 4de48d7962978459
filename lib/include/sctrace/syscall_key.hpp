#ifndef SCTRACE_SYSCALL_KEY_HPP
#define SCTRACE_SYSCALL_KEY_HPP

#include <sctrace/architecture.hpp>

#include <cstdint>

namespace sctrace {

/// A system call as a record names it: what a trace counts by.
/**
 * @par Example
 * @code
 * const sctrace::syscall_key call{sctrace::architecture::from_name("x86_64").value(), 39};
 * std::cout << sctrace::syscall_name(call.arch, call.number).value_or("unknown") << '\n'; // getpid
 * @endcode
 */
struct syscall_key {
    /// The architecture of the call.
    architecture arch;
    /// The number as the kernel logged it.
    std::int64_t number = 0;

    friend bool operator==(const syscall_key&, const syscall_key&) noexcept = default;
};

} // namespace sctrace

#endif
