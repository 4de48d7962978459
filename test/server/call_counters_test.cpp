#include "call_counters.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/syscall_names.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>

using embedded_server::call_counters;

namespace {

constexpr std::uint32_t log_code = 0x7ffc0000;
constexpr std::uint32_t errno_code = 0x00050001;

const auto x86_64 = sctrace::architecture::from_name("x86_64").value();

sctrace::seccomp_record record_of(std::int64_t number, std::uint32_t code = log_code)
{
    sctrace::seccomp_record record;
    record.arch = x86_64.audit_arch();
    record.syscall = number;
    record.code = code;
    return record;
}

std::uint64_t count(const call_counters& in, const call_counters::labels& of)
{
    const auto found = in.all().find(of);
    return found == in.all().end() ? 0 : found->second;
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_call_counters)

BOOST_AUTO_TEST_CASE(calls_are_told_apart_by_name_and_action)
{
    call_counters counters;
    const auto read = sctrace::syscall_number(x86_64, "read").value();
    counters.add(record_of(read));
    counters.add(record_of(read));
    counters.add(record_of(read, errno_code));
    BOOST_TEST(counters.all().size() == 2U);
    BOOST_TEST(count(counters, {"x86_64", "read", "log"}) == 2U);
    BOOST_TEST(count(counters, {"x86_64", "read", "errno"}) == 1U);
}

BOOST_AUTO_TEST_CASE(numbers_without_a_name_share_one_label)
{
    call_counters counters;
    for (std::int64_t number = 100000; number != 101000; ++number) {
        counters.add(record_of(number));
        counters.add(record_of(-number));
    }
    auto unknown = record_of(1, 0x12340000);
    unknown.arch = 0xdeadbeef;
    counters.add(unknown);
    BOOST_TEST(counters.all().size() == 2U);
    BOOST_TEST(count(counters, {"x86_64", "other", "log"}) == 2000U);
    BOOST_TEST(count(counters, {"other", "other", "other"}) == 1U);
}

BOOST_AUTO_TEST_CASE(a_record_without_fields_is_the_native_architectures)
{
    call_counters counters;
    sctrace::seccomp_record bare;
    const auto native = sctrace::architecture::native();
    bare.syscall = sctrace::syscall_number(native, "read").value();
    counters.add(bare);
    BOOST_TEST(count(counters, {std::string(native.name()), "read", "unknown"}) == 1U);
}

BOOST_AUTO_TEST_CASE(what_did_not_come_live_is_added)
{
    call_counters counters;
    const auto read = sctrace::syscall_number(x86_64, "read").value();
    counters.add_unseen({x86_64, read}, 7);
    BOOST_TEST(count(counters, {"x86_64", "read", "unknown"}) == 7U);
}

BOOST_AUTO_TEST_SUITE_END()
