#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/seccomp_record.hpp>

#include <array>
#include <optional>

using sctrace::audit_type;
using sctrace::error;
using sctrace::seccomp_record;
using sctrace::untrusted_string;
using sctrace::test::exact_text;
using sctrace::test::fields;
using sctrace::test::kernel_text;
using sctrace::test::with;
using encoding = sctrace::untrusted_string::encoding;

namespace {

using result = boost::system::result<seccomp_record>;

result parse(std::string_view text)
{
    const auto record = sctrace::parse_audit_record(text);
    return record ? sctrace::parse_seccomp_record(*record) : result(record.error());
}

/// The fields of a record of type 1326; `body` must outlive the result.
result parse_body(std::string_view body, audit_type type = audit_type::seccomp)
{
    sctrace::audit_record record;
    record.type = type;
    record.body = body;
    return sctrace::parse_seccomp_record(record);
}

void check_error(const result& parsed, error expected)
{
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error() == expected);
}

untrusted_string comm_of(std::string_view body)
{
    const auto record = parse_body(body);
    BOOST_REQUIRE(record);
    return record->comm;
}

std::string_view subj_of(std::string_view body)
{
    const auto record = parse_body(body);
    BOOST_REQUIRE(record);
    BOOST_REQUIRE(record->subj.has_value());
    return *record->subj;
}

} // namespace

BOOST_AUTO_TEST_SUITE(seccomp_records)

BOOST_AUTO_TEST_CASE(reads_every_field)
{
    const exact_text text(kernel_text);
    const auto record = parse(text.view());
    BOOST_REQUIRE(record);
    BOOST_TEST(record->time == "1795497556.007");
    BOOST_TEST(record->serial.value() == 200135U);
    BOOST_TEST(record->auid.value() == 4294967295U);
    BOOST_TEST(record->uid.value() == 33U);
    BOOST_TEST(record->gid.value() == 34U);
    BOOST_TEST(record->ses.value() == 7U);
    BOOST_TEST(record->subj.value() == "unconfined");
    BOOST_TEST(record->pid.value() == 2752);
    BOOST_TEST(sctrace::decoded(record->comm) == "nginx");
    BOOST_TEST(sctrace::decoded(record->exe) == "/usr/sbin/nginx");
    BOOST_TEST(record->sig.value() == 0);
    BOOST_TEST(record->arch.value() == 0xc000003eU);
    BOOST_TEST(record->syscall == 110);
    BOOST_TEST(record->compat.value() == 0);
    BOOST_TEST(record->ip.value() == 0x7f29e9374829U);
    BOOST_TEST(record->code.value() == 0x7ffc0000U);
}

BOOST_AUTO_TEST_CASE(a_missing_field_is_empty)
{
    const auto record = parse_body("syscall=257");
    BOOST_REQUIRE(record);
    BOOST_TEST(record->syscall == 257);
    BOOST_TEST(!record->auid);
    BOOST_TEST(!record->uid);
    BOOST_TEST(!record->gid);
    BOOST_TEST(!record->ses);
    BOOST_TEST(!record->subj);
    BOOST_TEST(!record->pid);
    BOOST_TEST(!record->comm.present());
    BOOST_TEST(!record->exe.present());
    BOOST_TEST(!record->sig);
    BOOST_TEST(!record->arch);
    BOOST_TEST(!record->compat);
    BOOST_TEST(!record->ip);
    BOOST_TEST(!record->code);
}

BOOST_AUTO_TEST_CASE(skips_unknown_fields)
{
    const auto record =
        parse_body("ppid=7  tpid=8 pid=42 x comm=\"a\" subject=9 syscalls=4 exes=\"b\" syscall=5 key=6");
    BOOST_REQUIRE(record);
    BOOST_TEST(record->pid.value() == 42);
    BOOST_TEST(record->syscall == 5);
    BOOST_TEST(!record->subj);
    BOOST_TEST(!record->exe.present());
}

BOOST_AUTO_TEST_CASE(the_first_of_two_equal_fields_counts)
{
    const auto record = parse_body("pid=1 uid=invalid syscall=2 pid=3 uid=4 syscall=5 comm=\"a\" comm=\"b\"");
    BOOST_REQUIRE(record);
    BOOST_TEST(record->pid.value() == 1);
    BOOST_TEST(record->syscall == 2);
    BOOST_TEST(!record->uid);
    BOOST_TEST(record->comm.raw == "a");
}

BOOST_AUTO_TEST_CASE(reads_nothing_behind_the_code)
{
    for (const std::string_view end : {"\x1d", " ", "", "\x1dpid=9 "}) {
        const std::string body =
            "syscall=3 code=0x7ffc0000" + std::string(end) + "AUID=\"unset\" SYSCALL=close pid=1";
        const auto record = parse_body(body);
        BOOST_REQUIRE(record);
        BOOST_TEST(record->code.value() == 0x7ffc0000U);
        BOOST_TEST(!record->pid);
    }
    check_error(parse_body("pid=1 code=0x0 syscall=3"), error::malformed_record);
}

BOOST_AUTO_TEST_CASE(a_number_that_does_not_fit_is_absent)
{
    const auto record =
        parse_body("auid=18446744073709551616 uid=18446744073709551615 gid=-1 pid=12345678901 sig=2147483648 "
                   "arch=100000000 syscall=-1 compat=-2147483648 ip=0x10000000000000000 code=0x100000000");
    BOOST_REQUIRE(record);
    BOOST_TEST(!record->auid);
    BOOST_TEST(record->uid.value() == 18446744073709551615U);
    BOOST_TEST(!record->gid);
    BOOST_TEST(!record->pid);
    BOOST_TEST(!record->sig);
    BOOST_TEST(!record->arch);
    BOOST_TEST(record->syscall == -1);
    BOOST_TEST(record->compat.value() == -2147483647 - 1);
    BOOST_TEST(!record->ip);
    BOOST_TEST(!record->code);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_no_number_is_absent)
{
    const auto record =
        parse_body("uid=invalid gid= ses=1x pid=- arch=x86_64 ip=7f sig=SIGSYS syscall=1 code=kill");
    BOOST_REQUIRE(record);
    BOOST_TEST(!record->uid);
    BOOST_TEST(!record->gid);
    BOOST_TEST(!record->ses);
    BOOST_TEST(!record->pid);
    BOOST_TEST(!record->arch);
    BOOST_TEST(!record->ip);
    BOOST_TEST(!record->sig);
    BOOST_TEST(!record->code);
}

BOOST_AUTO_TEST_CASE(reads_every_number_of_a_system_call)
{
    for (const std::string_view number :
         {"0", "-1", "123456", "1073741863", "983045", "9223372036854775807", "-9223372036854775808"}) {
        const std::string body = "pid=1 syscall=" + std::string(number) + " compat=0";
        const auto record = parse_body(body);
        BOOST_REQUIRE(record);
        BOOST_TEST(std::to_string(record->syscall) == number);
    }
    for (const std::string_view number : {"", "x", "1x", "--1", "0x10", "9223372036854775808", "-", "read"}) {
        const std::string body = "pid=1 syscall=" + std::string(number) + " compat=0";
        BOOST_TEST_CONTEXT(number) check_error(parse_body(body), error::malformed_record);
    }
}

BOOST_AUTO_TEST_CASE(reads_strings_of_every_encoding)
{
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"\" syscall=1")).empty());
    BOOST_TEST(comm_of("comm=\"\" syscall=1").present());
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"DEAD\" syscall=1")) == "DEAD");
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"a=b,c;d[1]\" syscall=1")) == "a=b,c;d[1]");
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"back\\slash\" syscall=1")) == "back\\slash");
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"\\x41\" syscall=1")) == "\\x41");
    BOOST_TEST(sctrace::decoded(comm_of("comm=737020616365 syscall=1")) == "sp ace");
    BOOST_TEST(sctrace::decoded(comm_of("comm=756E6920C3A9 syscall=1")) == "uni \xc3\xa9");
    BOOST_TEST(sctrace::decoded(comm_of("comm=\"<too_long>\" syscall=1")) == "<too_long>");
}

BOOST_AUTO_TEST_CASE(words_without_quotes_that_are_no_hex_are_bare)
{
    for (const std::string_view word : {"(null)", "ABC", "", "nginx", "\"cut", "\"x\"y"}) {
        const std::string body = "comm=" + std::string(word) + " syscall=1";
        const untrusted_string comm = comm_of(body);
        BOOST_TEST_CONTEXT(word)
        {
            BOOST_TEST((comm.form == encoding::bare));
            BOOST_TEST(!comm.present());
            BOOST_TEST(comm.raw == word);
            BOOST_TEST(sctrace::decoded(comm) == word);
        }
    }
    for (const std::string_view word : {"<no_memory>", "<too_long>"}) {
        const std::string body = "exe=\"" + std::string(word) + "\" syscall=1";
        const auto record = parse_body(body);
        BOOST_REQUIRE(record);
        BOOST_TEST(!record->exe.present());
        BOOST_TEST(record->exe.raw == word);
    }
}

BOOST_AUTO_TEST_CASE(decodes_into_a_small_buffer_as_much_as_fits)
{
    std::array<char, 3> buffer{};
    BOOST_TEST(sctrace::decode({encoding::hex, "4142434445"}, buffer) == "ABC");
    BOOST_TEST(sctrace::decode({encoding::hex, "4142"}, {}).empty());
    BOOST_TEST(sctrace::decode({encoding::quoted, "long enough"}, {}) == "long enough");
    BOOST_TEST(sctrace::decode({}, buffer).empty());
}

BOOST_AUTO_TEST_CASE(undoes_the_escapes_of_the_log)
{
    using sctrace::text_escapes;
    std::array<char, 16> buffer{};
    BOOST_TEST(sctrace::decode({encoding::quoted, R"(a\x5cb)", text_escapes::kmsg}, buffer) == R"(a\b)");
    BOOST_TEST(sctrace::decode({encoding::quoted, R"(a\\b)", text_escapes::json}, buffer) == R"(a\b)");
    BOOST_TEST(sctrace::decode({encoding::quoted, "plain", text_escapes::json}, {}) == "plain");
    BOOST_TEST(sctrace::decode({encoding::quoted, R"(\)", text_escapes::json}, buffer) == R"(\)");
    BOOST_TEST(sctrace::decode({encoding::quoted, R"(a\x5cb)", text_escapes::none}, {}) == R"(a\x5cb)");
}

BOOST_AUTO_TEST_CASE(labels_may_contain_anything)
{
    const std::string rest = " pid=42 comm=\"x\" sig=0 arch=c000003e syscall=110 code=0x0";
    for (const std::string_view label :
         {"unconfined", "=snap.firefox.firefox (enforce)", "?", "_", "", "u:r:t:s0:c1,c2", "a  b",
          "=p (complain) pid=1 comm=\"y\" syscall=1", "x pid=7",
          "x pid=7 comm=", " pid=1 comm=\"a\" code=0x0", "a pid=99999999999999999999999 comm=\"y\"",
          "a syscall=59 code=0x1", "p=pid=1 comm=2"}) {
        const exact_text body("ses=3 subj=" + std::string(label) + rest);
        const auto record = parse_body(body.view());
        BOOST_TEST_CONTEXT(label)
        {
            BOOST_REQUIRE(record);
            BOOST_TEST(record->subj.value() == label);
            BOOST_TEST(record->pid.value() == 42);
            BOOST_TEST(record->syscall == 110);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_label_ends_at_a_space_where_no_process_follows)
{
    BOOST_TEST(subj_of("subj=u:r:s0 comm=\"x\" syscall=1") == "u:r:s0");
    BOOST_TEST(subj_of("subj=u:r:s0 pid=4845 ppid=4844 comm=\"x\" syscall=1") == "u:r:s0");
    const auto cut = parse_body("subj=u:r:s0");
    check_error(cut, error::truncated_record);
}

BOOST_AUTO_TEST_CASE(only_seccomps_own_types_count)
{
    check_error(parse_body(fields, audit_type::unknown), error::not_a_seccomp_record);
    check_error(parse_body(fields, static_cast<audit_type>(1016)), error::not_a_seccomp_record);
    check_error(parse_body(fields, audit_type::anom_abend), error::not_a_seccomp_record);
}

BOOST_AUTO_TEST_CASE(type_1701_counts_with_seccomp_as_its_reason)
{
    const std::string body =
        "auid=1 uid=2 gid=3 ses=4 pid=5 comm=\"chrome\" reason=\"seccomp\" sig=0 syscall=20 "
        "compat=0 ip=0xb2f43424 code=0x50001";
    const auto record = parse_body(body, audit_type::anom_abend);
    BOOST_REQUIRE(record);
    BOOST_TEST(record->syscall == 20);
    BOOST_TEST(record->code.value() == 0x50001U);
    for (const std::string_view reason :
         {"reason=\"memory violation\"", "reason=seccomp", "reason=\"seccomp2\""}) {
        check_error(parse_body(with(body, "reason=\"seccomp\"", reason), audit_type::anom_abend),
                    error::not_a_seccomp_record);
    }
    const std::string forged = "ses=4 subj=reason=\"seccomp\" pid=5 comm=\"x\" sig=31 syscall=1";
    check_error(parse_body(forged, audit_type::anom_abend), error::not_a_seccomp_record);
}

BOOST_AUTO_TEST_CASE(a_text_that_ends_before_the_number_is_truncated)
{
    for (const std::string_view end : {"", " arch=c0", " syscall", " syscall=", " syscall=-"}) {
        const std::string body = "ses=1 pid=42 comm=\"x\" sig=0" + std::string(end);
        check_error(parse_body(body), error::truncated_record);
    }
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_record_is_truncated_or_right)
{
    for (std::size_t length = 0; length <= kernel_text.size(); ++length) {
        const exact_text text(kernel_text.substr(0, length));
        auto record = sctrace::parse_audit_record(text.view());
        if (!record) {
            continue;
        }
        record->maybe_cut = true;
        const auto parsed = sctrace::parse_seccomp_record(*record);
        if (parsed) {
            BOOST_TEST(parsed->syscall == 110);
            BOOST_TEST((!parsed->ip || parsed->ip == 0x7f29e9374829U));
            BOOST_TEST((!parsed->code || parsed->code == 0x7ffc0000U));
        } else {
            BOOST_TEST(parsed.error() == error::truncated_record);
            BOOST_TEST(length <= kernel_text.find(" compat="));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_touches_the_kernels_limit_does_not_count)
{
    const auto at_limit = [](std::string end) {
        std::string text = "audit: type=1326 audit(1.000:2): pid=42 comm=\"x\" exe=\"/";
        end.insert(0, "\"");
        text.append(1021 - text.size() - end.size(), 'x');
        return text + end;
    };
    check_error(parse(at_limit(" sig=0 arch=c000003e syscall=11")), error::truncated_record);
    BOOST_TEST(parse(at_limit(" sig=0 arch=c000003e syscall=110 "))->syscall == 110);
    BOOST_TEST(!parse(at_limit(" syscall=110 compat=0 ip=0x7f29"))->ip);
    BOOST_TEST(!parse(at_limit(" syscall=110 ip=0x1 code=0x7ffc000"))->code);
    BOOST_TEST(parse(at_limit(" syscall=110 ip=0x1 code=0x7ffc0000"))->code.value() == 0x7ffc0000U);
    BOOST_TEST(parse("audit: type=1326 audit(1.000:2): syscall=11")->syscall == 11);
}

BOOST_AUTO_TEST_CASE(process_fields_survive_a_cut)
{
    const auto of = [](std::string_view body) {
        sctrace::audit_record record;
        record.type = audit_type::seccomp;
        record.body = body;
        return sctrace::parse_process_fields(record);
    };
    const auto both = of("auid=1 ses=7 subj=a (enforce) pid=42 comm=\"x\" exe=\"/very/lo");
    BOOST_TEST(both.pid.value() == 42);
    BOOST_TEST(both.ses.value() == 7U);
    BOOST_TEST(!of("ses=7 pid=42").pid);
    BOOST_TEST(of("ses=7 pid=42").ses.value() == 7U);
    BOOST_TEST(!of("ses=7").ses);
    BOOST_TEST(!of("").pid);
}

BOOST_AUTO_TEST_CASE(nul_bytes_and_long_lines_are_no_danger)
{
    using namespace std::string_view_literals;
    const exact_text with_nul(std::string("uid=0\0 pid=4\0002 \0\0 comm=\"a\0b\" syscall=1 \0"sv));
    const auto record = parse_body(with_nul.view());
    BOOST_REQUIRE(record);
    BOOST_TEST(!record->uid);
    BOOST_TEST(!record->pid);
    BOOST_TEST(record->comm.raw == "a\0b"sv);
    BOOST_TEST(record->syscall == 1);

    std::string hex;
    while (hex.size() < 7796) {
        hex += "2F61";
    }
    const exact_text with_long_path("pid=1 comm=\"x\" exe=" + hex + " sig=0 syscall=110 code=0x7ffc0000");
    const auto long_record = parse_body(with_long_path.view());
    BOOST_REQUIRE(long_record);
    BOOST_TEST(sctrace::decoded(long_record->exe).size() == hex.size() / 2);
    BOOST_TEST(long_record->syscall == 110);
}

BOOST_AUTO_TEST_CASE(names_actions)
{
    using sctrace::seccomp_action_name;
    BOOST_TEST(seccomp_action_name(0x80000000U) == "kill_process");
    BOOST_TEST(seccomp_action_name(0x0U) == "kill_thread");
    BOOST_TEST(seccomp_action_name(0x30000U) == "trap");
    BOOST_TEST(seccomp_action_name(0x50001U) == "errno");
    BOOST_TEST(seccomp_action_name(0x7fc00000U) == "user_notif");
    BOOST_TEST(seccomp_action_name(0x7ff00000U) == "trace");
    BOOST_TEST(seccomp_action_name(0x7ffc0000U) == "log");
    BOOST_TEST(seccomp_action_name(0x7fff0000U) == "allow");
    BOOST_TEST(seccomp_action_name(0x12340000U).empty());
    BOOST_TEST(seccomp_action_name(0xffff0000U).empty());
}

BOOST_AUTO_TEST_SUITE_END()
