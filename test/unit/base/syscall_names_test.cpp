#include "common/skip.hpp"
#include "common/words_test.hpp"

#include <sctrace/syscall_names.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

using sctrace::architecture;
using sctrace::syscall_name;
using sctrace::syscall_number;

namespace {

architecture arch_of(std::string_view name)
{
    return architecture::from_name(name).value();
}

std::string name_of(std::string_view arch, std::int64_t number)
{
    return syscall_name(arch_of(arch), number).value_or("(none)");
}

std::int64_t number_of(std::string_view arch, std::string_view name)
{
    return syscall_number(arch_of(arch), name).value_or(-999);
}

struct defined_call {
    std::string name;
    std::int64_t number;
};

/// Reads one line `#define __NR_NAME NUMBER`, or `(__X32_SYSCALL_BIT + NUMBER)` in place of the number.
std::vector<defined_call> read_definition(const std::string& line)
{
    constexpr std::string_view prefix = "__NR_";
    std::istringstream words(line);
    std::string define;
    std::string name;
    std::string value;
    words >> define >> name >> value;
    std::int64_t base = 0;
    if (value == "(__X32_SYSCALL_BIT") {
        words >> value >> value;
        base = 0x40000000;
    }
    const bool is_call = define == "#define" && name.starts_with(prefix) && !value.empty() &&
                         value[0] >= '0' && value[0] <= '9';
    if (!is_call || name == "__NR_syscalls") {
        return {};
    }
    return {{name.substr(prefix.size()), base + std::stoll(value)}};
}

std::vector<defined_call> read_header(const std::filesystem::path& path)
{
    std::vector<defined_call> calls;
    std::ifstream header(path);
    for (std::string line; std::getline(header, line);) {
        for (auto& call : read_definition(line)) {
            calls.push_back(std::move(call));
        }
    }
    return calls;
}

void check_header(const std::filesystem::path& path, std::string_view arch, std::int64_t from)
{
    const auto calls = read_header(path);
    BOOST_TEST(calls.size() > 20U);
    for (const auto& call : calls) {
        if (call.number < from) {
            continue;
        }
        BOOST_TEST_CONTEXT(path << " " << call.name)
        {
            BOOST_TEST(name_of(arch, call.number) == call.name);
            BOOST_TEST(number_of(arch, call.name) == call.number);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(syscall_names)

BOOST_AUTO_TEST_CASE(names_calls_of_many_architectures)
{
    BOOST_TEST(name_of("x86_64", 0) == "read");
    BOOST_TEST(name_of("x86_64", 110) == "getppid");
    BOOST_TEST(name_of("i386", 26) == "ptrace");
    BOOST_TEST(name_of("aarch64", 198) == "socket");
    BOOST_TEST(name_of("s390x", 119) == "sigreturn");
    BOOST_TEST(name_of("riscv64", 64) == "write");
    BOOST_TEST(name_of("mips", 4004) == "write");
    BOOST_TEST(name_of("mipsel64", 5001) == "write");
    BOOST_TEST(name_of("mips64n32", 6001) == "write");
    BOOST_TEST(name_of("parisc", 4) == "write");
}

BOOST_AUTO_TEST_CASE(numbers_of_x32_carry_its_bit)
{
    BOOST_TEST(name_of("x32", 1073741863) == "getpid");
    BOOST_TEST(number_of("x32", "getpid") == 1073741863);
    BOOST_TEST(name_of("x32", 39) == "(none)");
    BOOST_TEST(name_of("x32", 0x40000000 + 469) == "file_setattr");
    BOOST_TEST(name_of("x86_64", 1073741863) == "(none)");
}

BOOST_AUTO_TEST_CASE(numbers_of_mips_carry_its_base)
{
    BOOST_TEST(name_of("mips", 4) == "(none)");
    BOOST_TEST(name_of("mips64", 1) == "(none)");
    BOOST_TEST(name_of("mips64", 5469) == "file_setattr");
    BOOST_TEST(number_of("mipsel64n32", "mseal") == 6462);
}

BOOST_AUTO_TEST_CASE(private_calls_of_arm_have_names)
{
    BOOST_TEST(name_of("arm", 0xf0001) == "breakpoint");
    BOOST_TEST(name_of("arm", 0xf0002) == "cacheflush");
    BOOST_TEST(name_of("arm", 0xf0003) == "usr26");
    BOOST_TEST(name_of("arm", 0xf0004) == "usr32");
    BOOST_TEST(name_of("arm", 0xf0005) == "set_tls");
    BOOST_TEST(name_of("arm", 0xf0006) == "get_tls");
    BOOST_TEST(number_of("arm", "set_tls") == 983045);
}

BOOST_AUTO_TEST_CASE(pseudo_numbers_do_not_leak)
{
    BOOST_TEST(name_of("i386", 102) == "socketcall");
    BOOST_TEST(number_of("i386", "socket") == 359);
    BOOST_TEST(name_of("i386", 359) == "socket");
    BOOST_TEST(number_of("mips", "socket") == 4183);
    BOOST_TEST(!syscall_number(arch_of("i386"), "accept"));
    BOOST_TEST(!syscall_number(arch_of("aarch64"), "open"));
    for (const std::int64_t number : {-1, -101, -10001, -10244}) {
        for (const std::string_view arch : {"x86_64", "i386", "aarch64", "arm"}) {
            BOOST_TEST(!syscall_name(arch_of(arch), number));
        }
    }
}

BOOST_AUTO_TEST_CASE(unknown_calls_have_no_name)
{
    BOOST_TEST(name_of("x86_64", 123456) == "(none)");
    BOOST_TEST(name_of("x86_64", 1000) == "(none)");
    BOOST_TEST(name_of("x86_64", 0x100000000) == "(none)");
    BOOST_TEST(name_of("x86_64", std::numeric_limits<std::int64_t>::max()) == "(none)");
    BOOST_TEST(!syscall_name(architecture(0xc0009026), 4));
    BOOST_TEST(!syscall_name(architecture(), 4));
    BOOST_TEST(!syscall_number(arch_of("x86_64"), "no_such_call"));
    BOOST_TEST(!syscall_number(arch_of("x86_64"), ""));
    BOOST_TEST(!syscall_number(architecture(), "read"));
}

BOOST_AUTO_TEST_CASE(names_calls_newer_than_libseccomp)
{
    BOOST_TEST(name_of("x86_64", 335) == "uretprobe");
    BOOST_TEST(name_of("x86_64", 336) == "uprobe");
    BOOST_TEST(number_of("x86_64", "uprobe") == 336);
    BOOST_TEST(name_of("riscv64", 258) == "riscv_hwprobe");
    for (const std::string_view arch :
         {"x86_64", "i386", "aarch64", "arm", "ppc64le", "s390x", "loongarch64", "sparc64"}) {
        BOOST_TEST(name_of(arch, 424) == "pidfd_send_signal");
        BOOST_TEST(name_of(arch, 451) == "cachestat");
        BOOST_TEST(name_of(arch, 457) == "statmount");
        BOOST_TEST(name_of(arch, 462) == "mseal");
        BOOST_TEST(name_of(arch, 469) == "file_setattr");
        BOOST_TEST(number_of(arch, "listns") == 470);
    }
}

BOOST_AUTO_TEST_CASE(agrees_with_the_kernel_headers_of_x86)
{
    const std::filesystem::path folder = SCTRACE_TEST_ASM_HEADERS;
    if (!exists(folder / "unistd_64.h")) {
        sctrace::test::skip("no <asm/unistd_64.h> on this machine");
        return;
    }
    check_header(folder / "unistd_64.h", "x86_64", 0);
    check_header(folder / "unistd_32.h", "i386", 0);
    check_header(folder / "unistd_x32.h", "x32", 0);
}

BOOST_AUTO_TEST_CASE(agrees_with_the_generic_kernel_header)
{
    const std::filesystem::path header = SCTRACE_TEST_GENERIC_UNISTD;
    if (!exists(header)) {
        sctrace::test::skip("no <asm-generic/unistd.h> on this machine");
        return;
    }
    check_header(header, "aarch64", 424);
    check_header(header, "loongarch64", 424);
}

BOOST_AUTO_TEST_SUITE_END()
