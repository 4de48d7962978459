#ifndef SCTRACE_SRC_MACHINE_HPP
#define SCTRACE_SRC_MACHINE_HPP

#include <sctrace/architecture.hpp>

#include <bit>
#include <cstddef>
#include <string_view>

namespace sctrace {

/// What a program can learn about the kernel that it runs on.
struct machine {
    /// uname(2)'s word; under a 32-bit personality a 64-bit kernel gives that of its 32-bit sibling.
    std::string_view name;
    /// Size of a pointer in this program: 8 proves that the kernel is a 64-bit one.
    std::size_t word_size = sizeof(void*);
    /// Byte order, which the names of MIPS and ARM machines do not always tell.
    std::endian order = std::endian::native;
};

constexpr architecture architecture_of(const machine& m) noexcept
{
    const bool wide = m.word_size == 8;
    const bool little = m.order == std::endian::little;
    const auto either = [](bool first, std::uint32_t yes, std::uint32_t no) {
        return architecture(first ? yes : no);
    };
    const std::string_view name = m.name;
    const bool i386 = name.size() == 4 && name.starts_with('i') && name.ends_with("86");
    if (name == "x86_64" || i386) {
        return either(wide || !i386, 0xc000003e, 0x40000003);
    }
    if (name == "aarch64") {
        return architecture(0xc00000b7);
    }
    if (name.starts_with("arm")) {
        return wide ? architecture(0xc00000b7) : either(little, 0x40000028, 0x28);
    }
    if (name == "ppc64le" || name == "ppcle") {
        return architecture(0xc0000015);
    }
    if (name == "ppc64" || name == "ppc") {
        return wide || name == "ppc64" ? either(little, 0xc0000015, 0x80000015) : architecture(0x14);
    }
    if (name == "s390x" || name == "s390") {
        return either(wide || name == "s390x", 0x80000016, 0x16);
    }
    if (name == "riscv64" || name == "riscv32") {
        return either(wide || name == "riscv64", 0xc00000f3, 0x400000f3);
    }
    if (name == "loongarch64") {
        return architecture(0xc0000102);
    }
    if (name == "mips64" || name == "mips") {
        return wide || name == "mips64" ? either(little, 0xc0000008, 0x80000008)
                                        : either(little, 0x40000008, 8);
    }
    if (name == "parisc64" || name == "parisc") {
        return either(wide || name == "parisc64", 0x8000000f, 0xf);
    }
    if (name == "sparc64" || name == "sparc") {
        return either(wide || name == "sparc64", 0x8000002b, 2);
    }
    if (name.starts_with("sh")) {
        return either(little, 0x4000002a, 0x2a);
    }
    if (name == "m68k") {
        return architecture(4);
    }
    return architecture();
}

} // namespace sctrace

#endif
