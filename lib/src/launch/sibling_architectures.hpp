#ifndef SCTRACE_SRC_SIBLING_ARCHITECTURES_HPP
#define SCTRACE_SRC_SIBLING_ARCHITECTURES_HPP

#include <sctrace/architecture.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace sctrace::detail {

/// An architecture whose programs a kernel of another one may run as well.
struct sibling {
    std::string_view native;
    std::string_view other;
};

/// From the kernel's arch/*/Kconfig: COMPAT, IA32_EMULATION, X86_X32_ABI, MIPS32_O32, MIPS32_N32.
inline constexpr std::array siblings{
    sibling{"x86_64", "i386"},     sibling{"x86_64", "x32"},           sibling{"aarch64", "arm"},
    sibling{"ppc64", "ppc"},       sibling{"s390x", "s390"},           sibling{"riscv64", "riscv32"},
    sibling{"mips64", "mips"},     sibling{"mips64", "mips64n32"},     sibling{"mipsel64", "mipsel"},
    sibling{"parisc64", "parisc"}, sibling{"mipsel64", "mipsel64n32"}, sibling{"sparc64", "sparc"},
};

/// Whether a kernel of one architecture may see calls of another.
inline bool runs_on(architecture native, architecture other)
{
    return other == native || std::any_of(siblings.begin(), siblings.end(), [&](const sibling& s) {
               return s.native == native.name() && s.other == other.name();
           });
}

} // namespace sctrace::detail

#endif
