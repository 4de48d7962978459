#include "common/words_test.hpp"

#include <sctrace/log_time.hpp>
#include <sctrace/record_filter.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using sctrace::architecture;
using sctrace::log_time;
using sctrace::parse_record_time;
using sctrace::record_filter;
using sctrace::seccomp_record;
using sctrace::text_escapes;
using encoding = sctrace::untrusted_string::encoding;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32 = architecture::of_call(0xc000003e, 0x40000000);

std::optional<std::chrono::nanoseconds> since_1970(std::string_view text)
{
    const auto time = parse_record_time(text);
    return time ? std::optional(time->time_since_epoch()) : std::nullopt;
}

seccomp_record usual_record()
{
    seccomp_record record;
    record.time = "1795497556.007";
    record.pid = 2752;
    record.ses = 7;
    record.comm = {encoding::quoted, "nginx", text_escapes::none};
    record.exe = {encoding::quoted, "/usr/sbin/nginx", text_escapes::none};
    record.arch = 0xc000003e;
    record.syscall = 110;
    return record;
}

bool selects(const record_filter& filter, const seccomp_record& record)
{
    return filter.selects(record, x86_64);
}

bool selects_time(const record_filter& filter, std::string_view time)
{
    return filter.selects(1, 1, x86_64, time);
}

bool selects_comm(std::string_view wanted, encoding form, std::string_view raw,
                  text_escapes escapes = text_escapes::none)
{
    record_filter filter;
    filter.comms = {std::string(wanted)};
    seccomp_record record;
    record.comm = {form, raw, escapes};
    return selects(filter, record);
}

bool selects_exe(std::string_view wanted, encoding form, std::string_view raw)
{
    record_filter filter;
    filter.exes = {std::string(wanted)};
    seccomp_record record;
    record.exe = {form, raw, text_escapes::none};
    return selects(filter, record);
}

} // namespace

BOOST_AUTO_TEST_SUITE(record_times)

BOOST_AUTO_TEST_CASE(the_kernel_writes_milliseconds)
{
    BOOST_TEST((since_1970("1795497556.007") == 1795497556s + 7ms));
    BOOST_TEST((since_1970("1795497556.999") == 1795497556s + 999ms));
    BOOST_TEST((since_1970("0.000") == 0ns));
}

BOOST_AUTO_TEST_CASE(other_numbers_of_digits_are_a_decimal_fraction)
{
    BOOST_TEST((since_1970("123") == 123s));
    BOOST_TEST((since_1970("0.0") == 0ns));
    BOOST_TEST((since_1970("1.5") == 1500ms));
    BOOST_TEST((since_1970("1.000001") == 1s + 1us));
    BOOST_TEST((since_1970("1.000000001") == 1s + 1ns));
    BOOST_TEST((since_1970("1.99999999999999999999") == 1s + 999999999ns));
    BOOST_TEST((since_1970("007.010") == 7s + 10ms));
}

BOOST_AUTO_TEST_CASE(the_latest_time)
{
    BOOST_TEST((since_1970("9223372035.999999999") == 9223372035s + 999999999ns));
    BOOST_TEST(!since_1970("9223372036"));
    BOOST_TEST(!since_1970("18446744073709551615.000"));
    BOOST_TEST(!since_1970("18446744073709551616.000"));
}

BOOST_AUTO_TEST_CASE(what_is_no_time)
{
    for (const auto* text : {"", ".", ".5", "1.", "1.5.", "-1", "+1", " 1", "1 ", "1,5", "1.x", "x", "1e3"}) {
        BOOST_TEST(!since_1970(text), text);
    }
    BOOST_TEST(!since_1970(std::string_view("1\0", 2)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(record_filters)

BOOST_AUTO_TEST_CASE(without_a_wish_everything_is_selected)
{
    const record_filter all;
    BOOST_TEST(all.selects_all());
    BOOST_TEST(!all.needs_names());
    BOOST_TEST(!all.needs_time());
    BOOST_TEST(selects(all, usual_record()));
    BOOST_TEST(selects(all, seccomp_record{}));
    BOOST_TEST(all.selects(std::nullopt, std::nullopt, {}, ""));
}

BOOST_AUTO_TEST_CASE(each_wish_says_what_it_needs)
{
    record_filter filter;
    filter.pids = {1};
    BOOST_TEST(!filter.selects_all());
    filter = {};
    filter.session = 0;
    BOOST_TEST(!filter.selects_all());
    filter = {};
    filter.archs = {x86_64};
    BOOST_TEST(!filter.selects_all());
    BOOST_TEST(!filter.needs_names());
    BOOST_TEST(!filter.needs_time());
    filter = {};
    filter.comms = {"a"};
    BOOST_TEST(!filter.selects_all());
    BOOST_TEST(filter.needs_names());
    filter = {};
    filter.exes = {"/a"};
    BOOST_TEST(!filter.selects_all());
    BOOST_TEST(filter.needs_names());
    filter = {};
    filter.since = log_time{};
    BOOST_TEST(!filter.selects_all());
    BOOST_TEST(filter.needs_time());
    filter = {};
    filter.until = log_time{};
    BOOST_TEST(!filter.selects_all());
    BOOST_TEST(filter.needs_time());
}

BOOST_AUTO_TEST_CASE(process_ids_are_numbers_and_alternatives)
{
    record_filter filter;
    filter.pids = {42, 2752};
    seccomp_record record = usual_record();
    BOOST_TEST(selects(filter, record));
    record.pid = 42;
    BOOST_TEST(selects(filter, record));
    record.pid = 421;
    BOOST_TEST(!selects(filter, record));
    record.pid.reset();
    BOOST_TEST(!selects(filter, record));
}

BOOST_AUTO_TEST_CASE(the_session)
{
    record_filter filter;
    filter.session = 7;
    seccomp_record record = usual_record();
    BOOST_TEST(selects(filter, record));
    record.ses = 8;
    BOOST_TEST(!selects(filter, record));
    record.ses = (std::uint64_t{1} << 32) + 7;
    BOOST_TEST(!selects(filter, record));
    record.ses.reset();
    BOOST_TEST(!selects(filter, record));
    filter.session = 4294967295U;
    record.ses = 4294967295U;
    BOOST_TEST(selects(filter, record));
}

BOOST_AUTO_TEST_CASE(architectures_are_those_of_calls)
{
    record_filter filter;
    filter.archs = {i386, x32};
    seccomp_record record = usual_record();
    BOOST_TEST(!selects(filter, record));
    record.syscall = 0x40000000 | 110;
    BOOST_TEST(selects(filter, record));
    record.arch = i386.audit_arch();
    BOOST_TEST(selects(filter, record));
    filter.archs = {x86_64};
    record.arch.reset();
    record.syscall = 110;
    BOOST_TEST(filter.selects(record, x86_64));
    BOOST_TEST(!filter.selects(record, i386));
}

BOOST_AUTO_TEST_CASE(the_earliest_time_is_wanted_and_the_end_is_not)
{
    record_filter filter;
    filter.since = log_time(1000s + 7ms);
    BOOST_TEST(!selects_time(filter, "1000.006"));
    BOOST_TEST(selects_time(filter, "1000.007"));
    BOOST_TEST(selects_time(filter, "9999999999") == false);
    BOOST_TEST(selects_time(filter, "2000"));
    filter.until = log_time(1001s);
    BOOST_TEST(selects_time(filter, "1000.999"));
    BOOST_TEST(!selects_time(filter, "1001.000"));
    filter.since.reset();
    BOOST_TEST(selects_time(filter, "0.0"));
    BOOST_TEST(!selects_time(filter, "2000"));
}

BOOST_AUTO_TEST_CASE(a_record_without_a_time_has_none_that_is_wanted)
{
    record_filter filter;
    filter.until = log_time::max();
    BOOST_TEST(!selects_time(filter, ""));
    BOOST_TEST(!selects_time(filter, "soon"));
    seccomp_record record = usual_record();
    BOOST_TEST(selects(filter, record));
    record.time = {};
    BOOST_TEST(!selects(filter, record));
}

BOOST_AUTO_TEST_CASE(names_are_compared_decoded_and_whole)
{
    BOOST_TEST(selects_comm("nginx", encoding::quoted, "nginx"));
    BOOST_TEST(!selects_comm("nginx", encoding::quoted, "nginx2"));
    BOOST_TEST(!selects_comm("nginx", encoding::quoted, "ngin"));
    BOOST_TEST(!selects_comm("Nginx", encoding::quoted, "nginx"));
    BOOST_TEST(selects_comm("a b", encoding::hex, "612062"));
    BOOST_TEST(selects_comm("\xff", encoding::hex, "FF"));
    BOOST_TEST(!selects_comm("612062", encoding::hex, "612062"));
    BOOST_TEST(selects_comm("a\\b", encoding::quoted, "a\\x5cb", text_escapes::kmsg));
    BOOST_TEST(selects_comm("a\\b", encoding::quoted, "a\\\\b", text_escapes::json));
    BOOST_TEST(selects_comm("", encoding::quoted, ""));
}

BOOST_AUTO_TEST_CASE(a_long_name_selects_by_what_the_kernel_keeps_of_it)
{
    BOOST_TEST(selects_comm("fifteen-letters", encoding::quoted, "fifteen-letters"));
    BOOST_TEST(selects_comm("fifteen-letters-and-more", encoding::quoted, "fifteen-letters"));
    BOOST_TEST(!selects_comm("fifteen-letters-and-more", encoding::quoted, "fifteen-letter"));
    BOOST_TEST(!selects_comm("fifteen-letters", encoding::quoted, "fifteen-letters-and-more"));
}

BOOST_AUTO_TEST_CASE(paths_are_compared_decoded_and_whole)
{
    BOOST_TEST(selects_exe("/usr/sbin/nginx", encoding::quoted, "/usr/sbin/nginx"));
    BOOST_TEST(!selects_exe("/usr/sbin/ngin", encoding::quoted, "/usr/sbin/nginx"));
    BOOST_TEST(!selects_exe("nginx", encoding::quoted, "/usr/sbin/nginx"));
    BOOST_TEST(selects_exe("/a b", encoding::hex, "2F612062"));
    std::string digits;
    for (int i = 0; i < 3000; ++i) {
        digits += "41";
    }
    BOOST_TEST(selects_exe(std::string(3000, 'A'), encoding::hex, digits));
    BOOST_TEST(!selects_exe(std::string(2999, 'A'), encoding::hex, digits));
}

BOOST_AUTO_TEST_CASE(a_word_that_is_no_string_is_never_wanted)
{
    BOOST_TEST(!selects_exe("(null)", encoding::bare, "(null)"));
    BOOST_TEST(!selects_exe("", encoding::absent, ""));
    BOOST_TEST(!selects_comm("", encoding::absent, ""));
}

BOOST_AUTO_TEST_CASE(kinds_of_wishes_must_all_be_met)
{
    record_filter filter;
    filter.pids = {2752, 1};
    filter.session = 7;
    filter.comms = {"apache", "nginx"};
    filter.exes = {"/usr/sbin/nginx", "/usr/sbin/apache"};
    filter.archs = {x86_64, i386};
    filter.since = log_time(1795497556s);
    filter.until = log_time(1795497557s);
    BOOST_TEST(selects(filter, usual_record()));

    seccomp_record other = usual_record();
    other.pid = 2;
    BOOST_TEST(!selects(filter, other));
    other = usual_record();
    other.ses = 8;
    BOOST_TEST(!selects(filter, other));
    other = usual_record();
    other.comm.raw = "lighttpd";
    BOOST_TEST(!selects(filter, other));
    other = usual_record();
    other.exe.raw = "/tmp/nginx";
    BOOST_TEST(!selects(filter, other));
    other = usual_record();
    other.syscall |= 0x40000000;
    BOOST_TEST(!selects(filter, other));
    other = usual_record();
    other.time = "1795497557.000";
    BOOST_TEST(!selects(filter, other));
}

BOOST_AUTO_TEST_CASE(the_short_way_does_not_look_at_names)
{
    record_filter filter;
    filter.comms = {"nginx"};
    filter.exes = {"/usr/sbin/nginx"};
    filter.pids = {5};
    BOOST_TEST(filter.selects(5, std::nullopt, x86_64, ""));
    BOOST_TEST(!filter.selects(6, std::nullopt, x86_64, ""));
}

BOOST_AUTO_TEST_SUITE_END()
