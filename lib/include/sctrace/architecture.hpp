#ifndef SCTRACE_ARCHITECTURE_HPP
#define SCTRACE_ARCHITECTURE_HPP

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace {

/// An architecture of the audit subsystem (AUDIT_ARCH_*), x32 told apart from x86_64.
/**
 * A value type of 32 bits. x32 has no AUDIT_ARCH of its own: the kernel logs it as x86_64 and sets bit 30
 * of the call's number (arch/x86/include/uapi/asm/unistd.h: __X32_SYSCALL_BIT).
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * const auto arch = sctrace::architecture::of_call(0xc000003e, 0x4000003b);
 * std::cout << arch.name() << '\n'; // x32
 * std::cout << sctrace::architecture(0xc000003e).name() << '\n'; // x86_64
 * @endcode
 */
class architecture {
public:
    /// No architecture: it has no name, and its number is 0.
    constexpr architecture() noexcept = default;

    /// The architecture with this number (include/uapi/linux/audit.h), with or without a name.
    constexpr explicit architecture(std::uint32_t audit_arch) noexcept
        : token_(audit_arch)
    {
    }

    /// The architecture of a call: x32 is x86_64 with bit 30 set in a number that is not negative.
    static constexpr architecture of_call(std::uint32_t audit_arch, std::int64_t number) noexcept;

    /// The running kernel's, also for a 32-bit program or under a 32-bit personality (setarch).
    /**
     * Only where a 32-bit program runs under a 32-bit personality does the kernel not tell the two apart;
     * then this is the 32-bit architecture. No architecture if uname(2) names an unknown machine.
     */
    static architecture native() noexcept;

    /// The architecture of this name: `x86_64`, `i386`, `x32`, `aarch64` …; empty for any other word.
    static std::optional<architecture> from_name(std::string_view name) noexcept;

    /// The name, or an empty view for an architecture without one.
    std::string_view name() const noexcept;

    /// The name, or `0x…` for one without a name.
    std::string display_name() const;

    /// The AUDIT_ARCH_* number that the kernel logs; for x32 that of x86_64.
    constexpr std::uint32_t audit_arch() const noexcept;

    /// Whether this is x32.
    constexpr bool is_x32() const noexcept { return token_ == x32_token; }

    /// Orders by number, which is no order for people; sort by name() where one looks.
    friend constexpr auto operator<=>(architecture, architecture) noexcept = default;

private:
    static constexpr std::uint32_t x86_64_token = 0xc000003e;
    static constexpr std::uint32_t x32_token = 0x4000003e;

    std::uint32_t token_ = 0;
};

constexpr architecture architecture::of_call(std::uint32_t audit_arch, std::int64_t number) noexcept
{
    constexpr std::int64_t x32_bit = 0x40000000;
    const bool x32 = audit_arch == x86_64_token && number >= 0 && (number & x32_bit) != 0;
    return architecture(x32 ? x32_token : audit_arch);
}

constexpr std::uint32_t architecture::audit_arch() const noexcept
{
    return is_x32() ? x86_64_token : token_;
}

} // namespace sctrace

#endif
