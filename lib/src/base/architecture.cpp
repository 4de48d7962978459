#include "base/machine.hpp"

#include <sctrace/architecture.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <sys/utsname.h>

namespace sctrace {

namespace {

struct named_architecture {
    architecture arch;
    std::string_view name;
};

constexpr std::array names{
    named_architecture{architecture(0xc000003e), "x86_64"},
    named_architecture{architecture(0x40000003), "i386"},
    named_architecture{architecture(0x4000003e), "x32"},
    named_architecture{architecture(0xc00000b7), "aarch64"},
    named_architecture{architecture(0x40000028), "arm"},
    named_architecture{architecture(0x00000028), "armeb"},
    named_architecture{architecture(0x00000014), "ppc"},
    named_architecture{architecture(0x80000015), "ppc64"},
    named_architecture{architecture(0xc0000015), "ppc64le"},
    named_architecture{architecture(0x00000016), "s390"},
    named_architecture{architecture(0x80000016), "s390x"},
    named_architecture{architecture(0xc00000f3), "riscv64"},
    named_architecture{architecture(0x400000f3), "riscv32"},
    named_architecture{architecture(0xc0000102), "loongarch64"},
    named_architecture{architecture(0x00000008), "mips"},
    named_architecture{architecture(0x40000008), "mipsel"},
    named_architecture{architecture(0x80000008), "mips64"},
    named_architecture{architecture(0xc0000008), "mipsel64"},
    named_architecture{architecture(0xa0000008), "mips64n32"},
    named_architecture{architecture(0xe0000008), "mipsel64n32"},
    named_architecture{architecture(0x0000000f), "parisc"},
    named_architecture{architecture(0x8000000f), "parisc64"},
    named_architecture{architecture(0x00000002), "sparc"},
    named_architecture{architecture(0x8000002b), "sparc64"},
    named_architecture{architecture(0x0000002a), "sh"},
    named_architecture{architecture(0x00000004), "m68k"},
};

} // namespace

architecture architecture::native() noexcept
{
    utsname system{};
    if (uname(&system) != 0) {
        return {};
    }
    return architecture_of({.name = static_cast<const char*>(system.machine)});
}

std::optional<architecture> architecture::from_name(std::string_view name) noexcept
{
    const auto found = std::find_if(names.begin(), names.end(),
                                    [name](const named_architecture& known) { return known.name == name; });
    return found != names.end() ? std::optional(found->arch) : std::nullopt;
}

std::string_view architecture::name() const noexcept
{
    const auto found = std::find_if(names.begin(), names.end(),
                                    [this](const named_architecture& known) { return known.arch == *this; });
    return found != names.end() ? found->name : std::string_view();
}

std::string architecture::display_name() const
{
    if (!name().empty()) {
        return std::string(name());
    }
    std::array<char, 8> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), token_, 16);
    return "0x" + std::string(digits.data(), written.ptr);
}

} // namespace sctrace
