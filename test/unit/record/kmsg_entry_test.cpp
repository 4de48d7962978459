#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/kmsg_entry.hpp>

#include <array>

using sctrace::parse_kmsg_entry;
using sctrace::test::exact_text;

BOOST_AUTO_TEST_SUITE(kmsg_entries)

BOOST_AUTO_TEST_CASE(reads_every_part)
{
    const exact_text line(
        "6,339,5140900,c,caller=T123,new=1;NET: Registered\n SUBSYSTEM=net\n DEVICE=+net:lo\n");
    const auto entry = parse_kmsg_entry(line.view());
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->facility == 0U);
    BOOST_TEST(entry->level == 6U);
    BOOST_TEST(entry->sequence == 339U);
    BOOST_TEST(entry->microseconds == 5140900U);
    BOOST_TEST(entry->flag == 'c');
    BOOST_TEST(entry->caller == "T123");
    BOOST_TEST(entry->text == "NET: Registered");
    BOOST_TEST(entry->dictionary == " SUBSYSTEM=net\n DEVICE=+net:lo\n");
    BOOST_TEST(entry->from_kernel());
    BOOST_TEST(!entry->maybe_cut);
}

BOOST_AUTO_TEST_CASE(tells_programs_from_the_kernel)
{
    const auto entry = parse_kmsg_entry("13,100,0,-;audit: type=1326 forged\n");
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->facility == 1U);
    BOOST_TEST(entry->level == 5U);
    BOOST_TEST(!entry->from_kernel());
}

BOOST_AUTO_TEST_CASE(needs_neither_newline_nor_flag_nor_text)
{
    const auto plain = parse_kmsg_entry("5,18446744073709551615,0;");
    BOOST_REQUIRE(plain);
    BOOST_TEST(plain->sequence == 18446744073709551615U);
    BOOST_TEST(plain->flag == '-');
    BOOST_TEST(plain->text.empty());
    BOOST_TEST(plain->dictionary.empty());
}

BOOST_AUTO_TEST_CASE(keeps_semicolons_and_nul_bytes_of_the_text)
{
    using namespace std::string_view_literals;
    const auto entry = parse_kmsg_entry("5,1,2,-;a;b,c\0d\n"sv);
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->text == "a;b,c\0d"sv);
}

BOOST_AUTO_TEST_CASE(a_second_line_without_a_space_is_no_dictionary)
{
    const auto entry = parse_kmsg_entry("20,1,2000000,-,caller=T2;two\ntwo\nlines");
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->text == "two");
    BOOST_TEST(entry->dictionary.empty());
}

BOOST_AUTO_TEST_CASE(refuses_everything_else)
{
    for (const std::string_view text :
         {"", "5", "5,", "5,1", "5,1,", "5,1,2", "5,1,2,", "5,1,2,-", "5,1,2,-\n;text", "x,1,2,-;text",
          "5,-1,2,-;text", "5 ,1,2,-;text", "5,1,2.5,-;text", "5,18446744073709551616,2,-;text",
          "4294967296,1,2,-;text", " 5,1,2,-;text", "[    0.000000] text"}) {
        const exact_text line(text);
        const auto entry = parse_kmsg_entry(line.view());
        BOOST_TEST_CONTEXT(text)
        {
            BOOST_REQUIRE(!entry);
            BOOST_TEST(entry.error() == sctrace::error::not_a_kmsg_entry);
        }
    }
}

BOOST_AUTO_TEST_CASE(notices_a_full_output_buffer)
{
    const std::string header = "5,1,2,-;";
    for (const std::size_t length : {2046U, 2047U, 2048U}) {
        BOOST_TEST(parse_kmsg_entry(header + std::string(length - header.size(), 'x'))->maybe_cut);
    }
    for (const std::size_t length : {2045U, 2049U, 8000U}) {
        BOOST_TEST(!parse_kmsg_entry(header + std::string(length - header.size(), 'x'))->maybe_cut);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(unescaping)

BOOST_AUTO_TEST_CASE(undoes_escapes_once)
{
    std::array<char, 64> buffer{};
    BOOST_TEST(sctrace::unescape_kmsg(R"(back\x5cslash \xc3\xa9\x0a)", buffer) == "back\\slash \xc3\xa9\n");
    BOOST_TEST(sctrace::unescape_kmsg(R"(\x5cx41)", buffer) == R"(\x41)");
}

BOOST_AUTO_TEST_CASE(leaves_a_text_without_escapes_where_it_is)
{
    std::array<char, 4> buffer{'k', 'e', 'p', 't'};
    const std::string_view text = "no escape in here";
    BOOST_TEST(sctrace::unescape_kmsg(text, buffer).data() == text.data());
    BOOST_TEST(std::string_view(buffer.data(), buffer.size()) == "kept");
}

BOOST_AUTO_TEST_CASE(keeps_cut_and_malformed_escapes)
{
    std::array<char, 64> buffer{};
    for (const std::string_view text : {R"(cut \)", R"(cut \x)", R"(cut \x5)", R"(bad \xg0 \n \\)"}) {
        const exact_text exact(text);
        BOOST_TEST(sctrace::unescape_kmsg(exact.view(), buffer) == text);
    }
}

BOOST_AUTO_TEST_CASE(stops_at_the_end_of_a_small_buffer)
{
    std::array<char, 3> buffer{};
    BOOST_TEST(sctrace::unescape_kmsg(R"(a\x41bcd)", buffer) == "aAb");
    BOOST_TEST(sctrace::unescape_kmsg(R"(a\x41bcd)", {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
