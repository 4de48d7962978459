#include "base/machine.hpp"
#include "common/words_test.hpp"

#include <sctrace/architecture.hpp>

using sctrace::architecture;

BOOST_AUTO_TEST_SUITE(architectures)

BOOST_AUTO_TEST_CASE(names_and_numbers_belong_together)
{
    for (const std::string_view name :
         {"x86_64",   "i386",    "x32",     "aarch64",  "arm",       "armeb",       "ppc",
          "ppc64",    "ppc64le", "s390",    "s390x",    "riscv64",   "riscv32",     "loongarch64",
          "mips",     "mipsel",  "mips64",  "mipsel64", "mips64n32", "mipsel64n32", "parisc",
          "parisc64", "sparc",   "sparc64", "sh",       "m68k"}) {
        const auto arch = architecture::from_name(name);
        BOOST_TEST_CONTEXT(name)
        {
            BOOST_REQUIRE(arch.has_value());
            BOOST_TEST(arch->name() == name);
            BOOST_TEST(arch->display_name() == name);
            BOOST_TEST(arch->is_x32() == (name == "x32"));
        }
    }
    BOOST_TEST(architecture(0xc000003e).name() == "x86_64");
    BOOST_TEST(architecture(0x40000028).name() == "arm");
    BOOST_TEST(architecture(0xa0000008).name() == "mips64n32");
}

BOOST_AUTO_TEST_CASE(unknown_ones_show_their_number)
{
    BOOST_TEST(architecture(0xc0009026).name().empty());
    BOOST_TEST(architecture(0xc0009026).display_name() == "0xc0009026");
    BOOST_TEST(architecture(0x5e).display_name() == "0x5e");
    BOOST_TEST(architecture().display_name() == "0x0");
    for (const std::string_view word : {"", "x86-64", "X86_64", "0xc000003e", "alpha"}) {
        BOOST_TEST(!architecture::from_name(word));
    }
}

BOOST_AUTO_TEST_CASE(x32_is_told_by_the_number_of_the_call)
{
    const architecture x86_64(0xc000003e);
    BOOST_TEST(architecture::of_call(0xc000003e, 1073741863).name() == "x32");
    BOOST_TEST((architecture::of_call(0xc000003e, 1073741863).audit_arch() == 0xc000003e));
    BOOST_TEST((architecture::of_call(0xc000003e, 39) == x86_64));
    BOOST_TEST((architecture::of_call(0xc000003e, -1) == x86_64));
    BOOST_TEST(architecture::of_call(0x40000003, 1073741863).name() == "i386");
}

BOOST_AUTO_TEST_CASE(the_native_one_has_a_name)
{
    BOOST_TEST(!architecture::native().name().empty());
    BOOST_TEST(!architecture::native().is_x32());
}

BOOST_AUTO_TEST_CASE(a_64_bit_program_sees_through_a_32_bit_personality)
{
    const auto on = [](std::string_view name, std::size_t word_size, std::endian order) {
        return sctrace::architecture_of({name, word_size, order}).name();
    };
    constexpr auto little = std::endian::little;
    constexpr auto big = std::endian::big;
    BOOST_TEST(on("x86_64", 8, little) == "x86_64");
    BOOST_TEST(on("x86_64", 4, little) == "x86_64");
    BOOST_TEST(on("i686", 8, little) == "x86_64");
    BOOST_TEST(on("i586", 4, little) == "i386");
    BOOST_TEST(on("aarch64", 8, little) == "aarch64");
    BOOST_TEST(on("armv8l", 8, little) == "aarch64");
    BOOST_TEST(on("armv7l", 4, little) == "arm");
    BOOST_TEST(on("armv5teb", 4, big) == "armeb");
    BOOST_TEST(on("ppc64", 8, big) == "ppc64");
    BOOST_TEST(on("ppc64le", 8, little) == "ppc64le");
    BOOST_TEST(on("ppc", 8, big) == "ppc64");
    BOOST_TEST(on("ppc", 4, big) == "ppc");
    BOOST_TEST(on("s390x", 8, big) == "s390x");
    BOOST_TEST(on("s390", 8, big) == "s390x");
    BOOST_TEST(on("s390", 4, big) == "s390");
    BOOST_TEST(on("riscv64", 8, little) == "riscv64");
    BOOST_TEST(on("riscv32", 4, little) == "riscv32");
    BOOST_TEST(on("loongarch64", 8, little) == "loongarch64");
    BOOST_TEST(on("mips", 4, big) == "mips");
    BOOST_TEST(on("mips", 4, little) == "mipsel");
    BOOST_TEST(on("mips64", 4, little) == "mipsel64");
    BOOST_TEST(on("mips64", 8, big) == "mips64");
    BOOST_TEST(on("parisc64", 4, big) == "parisc64");
    BOOST_TEST(on("parisc", 4, big) == "parisc");
    BOOST_TEST(on("sparc64", 8, big) == "sparc64");
    BOOST_TEST(on("sparc", 4, big) == "sparc");
    BOOST_TEST(on("sh4a", 4, big) == "sh");
    BOOST_TEST(on("m68k", 4, big) == "m68k");
    BOOST_TEST(on("quantum", 8, little).empty());
}

BOOST_AUTO_TEST_SUITE_END()
