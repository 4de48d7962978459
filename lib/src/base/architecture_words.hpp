#ifndef SCTRACE_SRC_BASE_ARCHITECTURE_WORDS_HPP
#define SCTRACE_SRC_BASE_ARCHITECTURE_WORDS_HPP

#include <sctrace/architecture.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace sctrace::detail {

/// What an architecture is called; a word that there is not is empty.
struct architecture_words {
    architecture arch;
    std::string_view name;
    /// In the OCI runtime specification (config-linux.md: Seccomp).
    std::string_view oci{};
    /// By SystemCallArchitectures= (systemd, src/shared/seccomp-util.c: seccomp_arch_from_string).
    std::string_view systemd{};
};

/// The plain SH of OCI and libseccomp is the little-endian one (libseccomp 2.6, seccomp.h: SCMP_ARCH_SH).
inline constexpr std::array known_architectures{
    architecture_words{architecture(0xc000003e), "x86_64", "SCMP_ARCH_X86_64", "x86-64"},
    architecture_words{architecture(0x40000003), "i386", "SCMP_ARCH_X86", "x86"},
    architecture_words{architecture(0x4000003e), "x32", "SCMP_ARCH_X32", "x32"},
    architecture_words{architecture(0xc00000b7), "aarch64", "SCMP_ARCH_AARCH64", "arm64"},
    architecture_words{architecture(0x40000028), "arm", "SCMP_ARCH_ARM", "arm"},
    architecture_words{architecture(0x00000028), "armeb"},
    architecture_words{architecture(0x00000014), "ppc", "SCMP_ARCH_PPC", "ppc"},
    architecture_words{architecture(0x80000015), "ppc64", "SCMP_ARCH_PPC64", "ppc64"},
    architecture_words{architecture(0xc0000015), "ppc64le", "SCMP_ARCH_PPC64LE", "ppc64-le"},
    architecture_words{architecture(0x00000016), "s390", "SCMP_ARCH_S390", "s390"},
    architecture_words{architecture(0x80000016), "s390x", "SCMP_ARCH_S390X", "s390x"},
    architecture_words{architecture(0xc00000f3), "riscv64", "SCMP_ARCH_RISCV64", "riscv64"},
    architecture_words{architecture(0x400000f3), "riscv32"},
    architecture_words{architecture(0xc0000102), "loongarch64", "SCMP_ARCH_LOONGARCH64", "loongarch64"},
    architecture_words{architecture(0x00000008), "mips", "SCMP_ARCH_MIPS", "mips"},
    architecture_words{architecture(0x40000008), "mipsel", "SCMP_ARCH_MIPSEL", "mips-le"},
    architecture_words{architecture(0x80000008), "mips64", "SCMP_ARCH_MIPS64", "mips64"},
    architecture_words{architecture(0xc0000008), "mipsel64", "SCMP_ARCH_MIPSEL64", "mips64-le"},
    architecture_words{architecture(0xa0000008), "mips64n32", "SCMP_ARCH_MIPS64N32", "mips64-n32"},
    architecture_words{architecture(0xe0000008), "mipsel64n32", "SCMP_ARCH_MIPSEL64N32", "mips64-le-n32"},
    architecture_words{architecture(0x0000000f), "parisc", "SCMP_ARCH_PARISC", "parisc"},
    architecture_words{architecture(0x8000000f), "parisc64", "SCMP_ARCH_PARISC64", "parisc64"},
    architecture_words{architecture(0x00000002), "sparc"},
    architecture_words{architecture(0x8000002b), "sparc64"},
    architecture_words{architecture(0x0000002a), "sh", "SCMP_ARCH_SHEB"},
    architecture_words{architecture(0x00000004), "m68k", "SCMP_ARCH_M68K"},
    architecture_words{architecture(0x4000002a), "", "SCMP_ARCH_SH"},
};

/// The words of an architecture, all empty for an unknown one.
constexpr architecture_words words_of(architecture arch) noexcept
{
    const auto found = std::ranges::find(known_architectures, arch, &architecture_words::arch);
    return found != known_architectures.end() ? *found : architecture_words{arch, {}};
}

/// The architecture that has a word, such as `&architecture_words::oci`.
constexpr std::optional<architecture> architecture_called(std::string_view word,
                                                          std::string_view architecture_words::*kind) noexcept
{
    const auto found = std::ranges::find(known_architectures, word, kind);
    return found != known_architectures.end() && !word.empty() ? std::optional(found->arch) : std::nullopt;
}

} // namespace sctrace::detail

#endif
