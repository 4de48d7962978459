#include "common/words_test.hpp"
#include "text/log_input.hpp"

#include <utility>

using sctrace::detail::advice_for;
using sctrace::detail::detect_log_encoding;
using sctrace::detail::log_encoding;
using sctrace::test::exact_text;
using sctrace::test::kernel_text;
using sctrace::test::kmsg_text;

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

void check(std::string_view beginning, log_encoding expected)
{
    const exact_text bytes(beginning);
    BOOST_TEST_CONTEXT(beginning) BOOST_TEST((detect_log_encoding(bytes.view()) == expected));
}

/// ASCII as UTF-16, without a byte order mark.
std::string utf16_of(std::string_view text, bool low_first)
{
    std::string bytes;
    for (const char c : text) {
        bytes += low_first ? std::string{c, '\0'} : std::string{'\0', c};
    }
    return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_inputs)

BOOST_AUTO_TEST_CASE(compressed_logs_are_told_by_their_first_bytes)
{
    check("\x1f\x8b\x08", log_encoding::gzip);
    check("\x28\xb5\x2f\xfd\x04", log_encoding::zstd);
    check("\xfd"
          "7zXZ\0\0"s,
          log_encoding::xz);
    check("BZh91AY&SY\x01", log_encoding::bzip2);
    check("BZh9\x17\x72\x45\x38\x50\x90\0\0"s, log_encoding::bzip2);
    check("\x04\x22\x4d\x18\x64", log_encoding::lz4);
    check("LPKSHHRH\0\0\0\0"s, log_encoding::journal_file);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_signature_is_text)
{
    for (const std::string& bytes : {"\x1f"s, "\x28\xb5\x2f"s,
                                     "\xfd"
                                     "7zXZ"s,
                                     "BZh"s, "BZh9"s, "BZh91AY&S"s, "BZhang logged in"s, "BZhx1AY&SY"s,
                                     "\x04\x22\x4d"s, "LPKSHHR"s, "\xff"s, "__CURSOR"s}) {
        check(bytes, log_encoding::text);
    }
}

BOOST_AUTO_TEST_CASE(utf16_is_told_by_its_mark_or_by_its_zeros)
{
    check("\xff\xfe" + utf16_of("x", true), log_encoding::utf16);
    check("\xfe\xff" + utf16_of("x", false), log_encoding::utf16);
    for (const std::string_view text : {"abcd"sv, "[ 1.5] audit: type=1326\r\n"sv, "\tKEY=value \n"sv}) {
        check(utf16_of(text, true), log_encoding::utf16_le);
        check(utf16_of(text, true) + "x", log_encoding::utf16_le);
        check(utf16_of(text, false), log_encoding::utf16_be);
    }
    check("\x04\x44" + utf16_of("kern.log", true), log_encoding::utf16_le);
}

BOOST_AUTO_TEST_CASE(text_is_no_utf16)
{
    check("", log_encoding::text);
    check("abc", log_encoding::text);
    check(kernel_text, log_encoding::text);
    check("\xef\xbb\xbf" + kernel_text, log_encoding::text);
    check("[l\xc3\xb8. mai 3 03:28:14 2025] x", log_encoding::text);
    check(utf16_of("abc", true), log_encoding::text);
    check(std::string(64, '\0'), log_encoding::text);
    check(std::string(64, '\0') + kernel_text, log_encoding::text);
    check(utf16_of("abcdefgh", true) + kernel_text, log_encoding::text);
}

BOOST_AUTO_TEST_CASE(entries_that_nul_bytes_separate_are_text)
{
    std::string capture;
    for (int i = 0; i < 30; ++i) {
        capture += kmsg_text + '\0';
    }
    check(capture, log_encoding::text);
    check("6,1,1,-;a\n\0"s
          "6,2,2,-;b\n\0"s,
          log_encoding::text);
}

BOOST_AUTO_TEST_CASE(entries_of_the_journal_are_told_from_lines)
{
    check("__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1\n", log_encoding::journal_export);
    check("__REALTIME_TIMESTAMP=1\n", log_encoding::journal_export);
    check("{\n\t\"__CURSOR\" : \"s=1\",\n", log_encoding::journal_json_pretty);
    check("{\n        \"_TRANSPORT\" : \"kernel\",\n", log_encoding::journal_json_pretty);
    check("{\n\"A\"", log_encoding::journal_json_pretty);
    for (const std::string_view text :
         {"{\"__CURSOR\":\"s=1\"}\n", "\x1e{\"__CURSOR\":\"s=1\"}\n", "{\n   \"dmesg\": [\n", "{\n", "{\n   ",
          "{\n   x", "{\n   \"\": 1", "{\n   \"__CUR", "{"}) {
        check(text, log_encoding::text);
    }
}

BOOST_AUTO_TEST_CASE(only_the_beginning_is_looked_at)
{
    const std::string whole = utf16_of(std::string(sctrace::detail::log_beginning / 2, 'x'), true);
    check(whole + std::string(20'000, 'y'), log_encoding::utf16_le);
    check(std::string(sctrace::detail::log_beginning, 'y') + whole + whole + whole + whole,
          log_encoding::text);
}

BOOST_AUTO_TEST_CASE(every_log_that_is_not_read_comes_with_a_command)
{
    const std::pair<log_encoding, std::string_view> expected[] = {
        {log_encoding::zstd, "a.log is compressed with zstd: zstdcat a.log"},
        {log_encoding::xz, "a.log is compressed with xz: xzcat a.log"},
        {log_encoding::bzip2, "a.log is compressed with bzip2: bzcat a.log"},
        {log_encoding::lz4, "a.log is compressed with lz4: lz4cat a.log"},
        {log_encoding::utf16, "a.log is UTF-16: iconv -f UTF-16 -t UTF-8 a.log"},
        {log_encoding::utf16_le, "a.log is UTF-16: iconv -f UTF-16LE -t UTF-8 a.log"},
        {log_encoding::utf16_be, "a.log is UTF-16: iconv -f UTF-16BE -t UTF-8 a.log"},
        {log_encoding::journal_file,
         "a.log is a file of the systemd journal: journalctl --file a.log -o json"},
        {log_encoding::journal_json_pretty, "a.log holds journal entries of many lines each: jq -c . a.log"},
    };
    for (const auto& [encoding, advice] : expected) {
        BOOST_TEST(advice_for(encoding, "a.log") == advice);
    }
    for (const auto encoding : {log_encoding::text, log_encoding::gzip, log_encoding::journal_export}) {
        BOOST_TEST(advice_for(encoding, "a.log").empty());
    }
}

BOOST_AUTO_TEST_CASE(a_command_names_the_path_as_a_shell_reads_it)
{
    BOOST_TEST(advice_for(log_encoding::xz, "/var/my log's.xz") ==
               "/var/my log's.xz is compressed with xz: xzcat '/var/my log'\\''s.xz'");
    BOOST_TEST(advice_for(log_encoding::xz, "") == " is compressed with xz: xzcat ''");
    BOOST_TEST(advice_for(log_encoding::xz, "-") == "standard input is compressed with xz: xzcat FILE");
}

BOOST_AUTO_TEST_SUITE_END()
