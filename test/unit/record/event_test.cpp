#include "common/words_test.hpp"

#include <sctrace/event.hpp>
#include <sctrace/log_line.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_view_literals;
using sctrace::seccomp_record;
using sctrace::text_escapes;
using sctrace::untrusted_string;
using sctrace::test::kernel_text;
using sctrace::test::with;
using encoding = untrusted_string::encoding;

constexpr std::uint32_t x86_64 = 0xc000003e;

/// Boost.JSON refuses both what is no JSON and what is no UTF-8.
boost::json::object parsed(const std::string& event)
{
    boost::system::error_code failed;
    const auto value = boost::json::parse(event, failed);
    BOOST_REQUIRE_MESSAGE(!failed, failed.message() << ": " << event);
    return value.as_object();
}

std::string event_of(const seccomp_record& record)
{
    const std::string event = sctrace::to_event(record);
    parsed(event);
    return event;
}

std::string event_of_line(std::string_view line)
{
    const auto record = sctrace::parse_seccomp_line(line);
    BOOST_REQUIRE(record);
    return event_of(*record);
}

untrusted_string quoted(std::string_view text, text_escapes escapes = text_escapes::none)
{
    return {encoding::quoted, text, escapes};
}

std::string hex_digits(std::string_view bytes)
{
    std::string digits;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        digits += "0123456789ABCDEF"[byte >> 4];
        digits += "0123456789ABCDEF"[byte & 15];
    }
    return digits;
}

/// What stands behind the first `"comm":`, for a name that the kernel writes as hexadecimal digits.
std::string comm_members(std::string_view bytes)
{
    const std::string digits = hex_digits(bytes);
    seccomp_record record;
    record.comm = {encoding::hex, digits, text_escapes::none};
    const std::string event = event_of(record);
    const std::string begin = "{\"comm\":";
    const std::string end = ",\"syscall\":0,\"name\":null}";
    BOOST_REQUIRE(event.starts_with(begin));
    BOOST_REQUIRE(event.ends_with(end));
    return event.substr(begin.size(), event.size() - begin.size() - end.size());
}

std::string subj_event(std::string_view label, text_escapes escapes)
{
    seccomp_record record;
    record.subj = label;
    record.escapes = escapes;
    return event_of(record);
}

std::string call_event(std::optional<std::uint32_t> arch, std::int64_t number)
{
    seccomp_record record;
    record.arch = arch;
    record.syscall = number;
    return event_of(record);
}

std::string code_event(std::uint32_t code)
{
    seccomp_record record;
    record.code = code;
    return event_of(record);
}

seccomp_record whole_record()
{
    seccomp_record record;
    record.time = "123";
    record.serial = 1;
    record.auid = 2;
    record.uid = 3;
    record.gid = 4;
    record.ses = 5;
    record.subj = "label";
    record.pid = 6;
    record.comm = quoted("a");
    record.exe = quoted("/b");
    record.sig = 31;
    record.arch = x86_64;
    record.syscall = 39;
    record.compat = 0;
    record.ip = 0x7f;
    record.code = 0x50001;
    return record;
}

const std::string whole_event =
    R"({"time":"123","serial":1,"auid":2,"uid":3,"gid":4,"ses":5,"subj":"label",)"
    R"("pid":6,"comm":"a","exe":"/b","sig":31,"arch":"x86_64","syscall":39,)"
    R"("name":"getpid","compat":0,"ip":"0x7f","code":"0x50001","action":"errno"})";

struct member_case {
    std::function<void(seccomp_record&)> remove;
    std::string_view text;
    std::string_view replacement = "";
};

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(the_object_of_a_usual_record)
{
    const std::string line =
        "audit: type=1326 audit(1795497556.007:200135): auid=4294967295 uid=0 gid=0 ses=4294967295 "
        "subj=unconfined pid=2752 comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=110 "
        "compat=0 ip=0x7f29e9374829 code=0x7ffc0000";
    BOOST_TEST(event_of_line(line) ==
               R"({"time":"1795497556.007","serial":200135,"auid":4294967295,"uid":0,"gid":0,)"
               R"("ses":4294967295,"subj":"unconfined","pid":2752,"comm":"nginx","exe":"/usr/sbin/nginx",)"
               R"("sig":0,"arch":"x86_64","syscall":110,"name":"getppid","compat":0,)"
               R"("ip":"0x7f29e9374829","code":"0x7ffc0000","action":"log"})");
}

BOOST_AUTO_TEST_CASE(appending_leaves_what_is_there)
{
    sctrace::event_writer writer;
    std::string out = "before\n";
    writer.append(out, whole_record());
    out += '\n';
    writer.append(out, whole_record());
    BOOST_TEST(out == "before\n" + whole_event + '\n' + whole_event);
}

BOOST_AUTO_TEST_CASE(a_record_with_nothing_but_a_number)
{
    seccomp_record record;
    record.syscall = 5;
    BOOST_TEST(event_of(record) == R"({"syscall":5,"name":null})");
}

BOOST_AUTO_TEST_CASE(the_member_of_an_absent_field_is_absent)
{
    BOOST_TEST(event_of(whole_record()) == whole_event);
    const std::vector<member_case> cases = {
        {[](auto& r) { r.time = {}; }, R"("time":"123",)"},
        {[](auto& r) { r.serial.reset(); }, R"("serial":1,)"},
        {[](auto& r) { r.auid.reset(); }, R"("auid":2,)"},
        {[](auto& r) { r.uid.reset(); }, R"("uid":3,)"},
        {[](auto& r) { r.gid.reset(); }, R"("gid":4,)"},
        {[](auto& r) { r.ses.reset(); }, R"("ses":5,)"},
        {[](auto& r) { r.subj.reset(); }, R"("subj":"label",)"},
        {[](auto& r) { r.pid.reset(); }, R"("pid":6,)"},
        {[](auto& r) { r.comm = {}; }, R"("comm":"a",)"},
        {[](auto& r) { r.exe = {}; }, R"("exe":"/b",)"},
        {[](auto& r) { r.sig.reset(); }, R"("sig":31,)"},
        {[](auto& r) { r.arch.reset(); }, R"("arch":"x86_64","syscall":39,"name":"getpid")",
         R"("syscall":39,"name":null)"},
        {[](auto& r) { r.compat.reset(); }, R"("compat":0,)"},
        {[](auto& r) { r.ip.reset(); }, R"("ip":"0x7f",)"},
        {[](auto& r) { r.code.reset(); }, R"(,"code":"0x50001","action":"errno")"},
    };
    for (const member_case& c : cases) {
        seccomp_record record = whole_record();
        c.remove(record);
        BOOST_TEST(event_of(record) == with(whole_event, c.text, c.replacement));
    }
}

BOOST_AUTO_TEST_CASE(words_that_are_no_strings_are_absent)
{
    for (const auto exe : {"exe=(null)"sv, "exe=\"<no_memory>\""sv, "exe=\"<too_long>\""sv, "exe="sv}) {
        const auto object = parsed(event_of_line(with(kernel_text, "exe=\"/usr/sbin/nginx\"", exe)));
        BOOST_TEST(!object.contains("exe"));
        BOOST_TEST(!object.contains("exe_hex"));
        BOOST_TEST(object.at("comm").as_string() == "nginx");
    }
    BOOST_TEST(!parsed(event_of_line(with(kernel_text, "comm=\"nginx\"", "comm=(null)"))).contains("comm"));
}

BOOST_AUTO_TEST_CASE(empty_strings_are_present)
{
    seccomp_record record;
    record.subj = "";
    record.comm = quoted("");
    record.exe = quoted("");
    BOOST_TEST(event_of(record) == R"({"subj":"","comm":"","exe":"","syscall":0,"name":null})");
}

BOOST_AUTO_TEST_CASE(the_largest_and_smallest_numbers)
{
    seccomp_record record;
    record.serial = 4294967295U;
    record.auid = 18446744073709551615U;
    record.pid = std::numeric_limits<std::int32_t>::min();
    record.syscall = std::numeric_limits<std::int64_t>::min();
    record.ip = 18446744073709551615U;
    BOOST_TEST(event_of(record) ==
               R"({"serial":4294967295,"auid":18446744073709551615,"pid":-2147483648,)"
               R"("syscall":-9223372036854775808,"name":null,"ip":"0xffffffffffffffff"})");
    record = {};
    record.ip = 0;
    BOOST_TEST(event_of(record) == R"({"syscall":0,"name":null,"ip":"0x0"})");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(event_strings)

BOOST_AUTO_TEST_CASE(a_hexadecimal_string_is_decoded)
{
    BOOST_TEST(comm_members("a b") == R"("a b")");
    BOOST_TEST(comm_members("Gr\xc3\xb6\xc3\x9f"
                            "e") == "\"Gr\xc3\xb6\xc3\x9f"
                                    "e\"");
    BOOST_TEST(comm_members("\xf0\x9f\x98\x80") == "\"\xf0\x9f\x98\x80\"");
    BOOST_TEST(comm_members("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\xdf\xbf") ==
               "\"\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\xdf\xbf\"");
}

BOOST_AUTO_TEST_CASE(quotes_and_backslashes_are_escaped)
{
    BOOST_TEST(comm_members("\"\\/") == R"("\"\\/")");
}

BOOST_AUTO_TEST_CASE(control_characters_are_escaped)
{
    BOOST_TEST(comm_members("\b\f\n\r\t") == R"("\b\f\n\r\t")");
    BOOST_TEST(comm_members("a\0\x1b[m\x1f\x7f"sv) == R"("a\u0000\u001b[m\u001f\u007f")");
    BOOST_TEST(comm_members("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0") == "\"\\u0080\\u009b\\u009f\xc2\xa0\"");
}

BOOST_AUTO_TEST_CASE(what_is_no_utf8_is_replaced_and_stands_in_hexadecimal_digits_too)
{
    BOOST_TEST(comm_members("\xff") == "\"\xef\xbf\xbd\",\"comm_hex\":\"FF\"");
    BOOST_TEST(comm_members("a\xe9z") == "\"a\xef\xbf\xbdz\",\"comm_hex\":\"61E97A\"");

    const std::string digits = "2F62696EFE";
    seccomp_record record;
    record.comm = quoted("x");
    record.exe = {encoding::hex, digits, text_escapes::none};
    record.sig = 0;
    BOOST_TEST(event_of(record) == "{\"comm\":\"x\",\"exe\":\"/bin\xef\xbf\xbd\",\"exe_hex\":\"2F62696EFE\","
                                   "\"sig\":0,\"syscall\":0,\"name\":null}");
}

BOOST_AUTO_TEST_CASE(each_maximal_part_that_is_no_utf8_gives_one_replacement)
{
    struct sample {
        std::string_view bytes;
        std::string_view shape;
    };
    // A '?' stands for a replacement character.
    constexpr std::array samples = {
        sample{"\xc0\x80", "??"},           // overlong
        sample{"\xc1\xbf", "??"},           // overlong
        sample{"\xe0\x9f\xbf", "???"},      // overlong
        sample{"\xf0\x8f\xbf\xbf", "????"}, // overlong
        sample{"\xed\xa0\x80", "???"},      // surrogate
        sample{"\xed\xbf\xbf", "???"},      // surrogate
        sample{"\xf4\x90\x80\x80", "????"}, // beyond U+10FFFF
        sample{"\xf5\x80", "??"},           // never a first byte
        sample{"\x80\xbf", "??"},           // no first byte
        sample{"\xe2\x82", "?"},            // cut
        sample{"\xf0\x9f\x98", "?"},        // cut
        sample{"\xc3", "?"},                // cut
        sample{"\xf0\x9f\x98z", "?z"},      // cut
        sample{"\xe2\x28\xa1", "?(?"},      // cut
        sample{"\xf0\x9f\xf0\x9f\x98\x80", "?\xf0\x9f\x98\x80"},
        // The Unicode Standard, table 3-11
        sample{"a\xf1\x80\x80\xe1\x80\xc2"
               "b\x80"
               "c\x80\xbf"
               "d",
               "a???b?c??d"},
    };
    for (const sample& s : samples) {
        std::string expected = "\"";
        for (const char c : s.shape) {
            expected += c == '?' ? "\xef\xbf\xbd" : std::string(1, c);
        }
        BOOST_TEST(comm_members(s.bytes) == expected + "\",\"comm_hex\":\"" + hex_digits(s.bytes) + '"');
    }
}

BOOST_AUTO_TEST_CASE(a_label_has_its_replacements_and_no_hexadecimal_digits)
{
    BOOST_TEST(subj_event("=a \"b\" (enforce)\xff\x01", text_escapes::none) ==
               "{\"subj\":\"=a \\\"b\\\" (enforce)\xef\xbf\xbd\\u0001\",\"syscall\":0,\"name\":null}");
    BOOST_TEST(subj_event(R"(a\x5cb)", text_escapes::none) ==
               R"({"subj":"a\\x5cb","syscall":0,"name":null})");
}

BOOST_AUTO_TEST_CASE(the_escapes_of_kmsg_are_undone)
{
    const std::string line = R"(5,3,9,-;audit: type=1326 audit(5.007:2): auid=1 uid=2 gid=3 ses=4 )"
                             R"(subj=l\x5c\xc3\xa9\xff\x0a pid=7 comm="a\x5cb" exe="/\xfe" sig=0 )"
                             R"(arch=c000003e syscall=39 compat=0 ip=0x1 code=0x7ffc0000)";
    BOOST_TEST(event_of_line(line) ==
               "{\"time\":\"5.007\",\"serial\":2,\"auid\":1,\"uid\":2,\"gid\":3,\"ses\":4,"
               "\"subj\":\"l\\\\\xc3\xa9\xef\xbf\xbd\\n\",\"pid\":7,\"comm\":\"a\\\\b\","
               "\"exe\":\"/\xef\xbf\xbd\",\"exe_hex\":\"2FFE\",\"sig\":0,\"arch\":\"x86_64\",\"syscall\":39,"
               "\"name\":\"getpid\",\"compat\":0,\"ip\":\"0x1\",\"code\":\"0x7ffc0000\",\"action\":\"log\"}");
}

BOOST_AUTO_TEST_CASE(the_escapes_of_json_are_undone)
{
    const std::string line = R"(  "msg": "audit: type=1326 audit(5.007:2): auid=1 uid=2 gid=3 ses=4 )"
                             R"(subj=\"q\" \u001b\u00e9\ud83d\ude00 pid=7 comm=\"a\\b\" exe=2F20 sig=0 )"
                             R"(arch=c000003e syscall=39 compat=0 ip=0x1 code=0x7ffc0000",)";
    BOOST_TEST(event_of_line(line) ==
               "{\"time\":\"5.007\",\"serial\":2,\"auid\":1,\"uid\":2,\"gid\":3,\"ses\":4,"
               "\"subj\":\"\\\"q\\\" \\u001b\xc3\xa9\xf0\x9f\x98\x80\",\"pid\":7,\"comm\":\"a\\\\b\","
               "\"exe\":\"/ \",\"sig\":0,\"arch\":\"x86_64\",\"syscall\":39,\"name\":\"getpid\","
               "\"compat\":0,\"ip\":\"0x1\",\"code\":\"0x7ffc0000\",\"action\":\"log\"}");
}

BOOST_AUTO_TEST_CASE(a_lone_surrogate_in_a_label_is_replaced)
{
    const auto object = parsed(subj_event(R"(a\ud83dz\q\u12)", text_escapes::json));
    const std::string_view subj = object.at("subj").as_string();
    BOOST_TEST(subj.starts_with("a\xef\xbf\xbd"));
    BOOST_TEST(subj.ends_with("\xef\xbf\xbdz\\q\\u12"));
}

BOOST_AUTO_TEST_CASE(any_bytes_give_valid_json_in_valid_utf8)
{
    std::mt19937 random(11);
    // Mostly bytes that matter, so that sequences of several of them come up.
    constexpr std::string_view likely =
        "\xc2\x80\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xbf\xe1\\\"ux5cd8\0\x7f\n"sv;
    sctrace::event_writer writer;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes(random() % 24, '\0');
        for (char& c : bytes) {
            c = random() % 3 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
        }
        const std::string digits = hex_digits(bytes);
        seccomp_record record;
        record.escapes = static_cast<text_escapes>(random() % 3);
        record.time = bytes;
        record.subj = bytes;
        record.comm = {encoding::hex, digits, record.escapes};
        record.exe = quoted(bytes, record.escapes);
        std::string event;
        writer.append(event, record);
        const auto object = parsed(event);
        const std::string_view comm = object.at("comm").as_string();
        if (object.contains("comm_hex")) {
            BOOST_REQUIRE(object.at("comm_hex").as_string() == digits);
            BOOST_REQUIRE(comm.find("\xef\xbf\xbd") != std::string_view::npos);
        } else {
            BOOST_REQUIRE(comm == bytes);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(event_calls)

BOOST_AUTO_TEST_CASE(names_are_those_of_the_records_architecture)
{
    BOOST_TEST(call_event(x86_64, 0) == R"({"arch":"x86_64","syscall":0,"name":"read"})");
    BOOST_TEST(call_event(0x40000003, 4) == R"({"arch":"i386","syscall":4,"name":"write"})");
    BOOST_TEST(call_event(0xc00000b7, 64) == R"({"arch":"aarch64","syscall":64,"name":"write"})");
    BOOST_TEST(call_event(x86_64, 0x40000000 | 39) ==
               R"({"arch":"x32","syscall":1073741863,"name":"getpid"})");
}

BOOST_AUTO_TEST_CASE(what_has_no_name)
{
    BOOST_TEST(call_event(x86_64, 4096) == R"({"arch":"x86_64","syscall":4096,"name":null})");
    BOOST_TEST(call_event(x86_64, -1) == R"({"arch":"x86_64","syscall":-1,"name":null})");
    BOOST_TEST(call_event(0x12345, 0) == R"({"arch":"0x12345","syscall":0,"name":null})");
    BOOST_TEST(call_event(0, 0) == R"({"arch":"0x0","syscall":0,"name":null})");
    BOOST_TEST(call_event(std::nullopt, 0) == R"({"syscall":0,"name":null})");
}

BOOST_AUTO_TEST_CASE(one_writer_knows_calls_apart)
{
    sctrace::event_writer writer;
    const auto check = [&](std::uint32_t arch, std::int64_t number) {
        seccomp_record record;
        record.arch = arch;
        record.syscall = number;
        std::string event;
        writer.append(event, record);
        BOOST_REQUIRE_EQUAL(event, sctrace::to_event(record));
    };
    for (int round = 0; round < 2; ++round) {
        // More than a writer keeps.
        for (std::int64_t number = -10; number < 5000; ++number) {
            check(x86_64, number);
        }
        check(0x40000003, 39);
        check(x86_64, 39);
        check(x86_64, 0x40000000 | 39);
    }
}

BOOST_AUTO_TEST_CASE(every_action_has_its_name)
{
    struct sample {
        std::uint32_t code;
        std::string_view members;
    };
    constexpr std::array samples = {
        sample{0x80000000, R"("code":"0x80000000","action":"kill_process")"},
        sample{0x00000000, R"("code":"0x0","action":"kill_thread")"},
        sample{0x00030000, R"("code":"0x30000","action":"trap")"},
        sample{0x00050002, R"("code":"0x50002","action":"errno")"},
        sample{0x7fc00000, R"("code":"0x7fc00000","action":"user_notif")"},
        sample{0x7ff0ffff, R"("code":"0x7ff0ffff","action":"trace")"},
        sample{0x7ffc0000, R"("code":"0x7ffc0000","action":"log")"},
        sample{0x7fff0000, R"("code":"0x7fff0000","action":"allow")"},
        sample{0x12345678, R"("code":"0x12345678","action":"0x12340000")"},
        sample{0x00070001, R"("code":"0x70001","action":"0x70000")"},
    };
    for (const sample& s : samples) {
        BOOST_TEST(code_event(s.code) == R"({"syscall":0,"name":null,)" + std::string(s.members) + '}');
    }
}

BOOST_AUTO_TEST_SUITE_END()
