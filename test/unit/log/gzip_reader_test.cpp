#include "common/compressed.hpp"
#include "common/words_test.hpp"
#include "log/gzip_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

using sctrace::error;
using sctrace::detail::gzip_reader;
using sctrace::test::compressed;
using sctrace::test::exact_text;
using sctrace::test::kernel_text;

namespace {

struct outcome {
    std::string text;
    boost::system::result<void, sctrace::failure> end;
};

/// What comes out of `bytes` in pieces of `in_size` and `out_size`.
outcome read_all(std::string_view bytes, std::size_t in_size, std::size_t out_size)
{
    gzip_reader reader;
    outcome read;
    std::vector<char> out(out_size);
    for (std::size_t at = 0; at < bytes.size(); at += in_size) {
        const exact_text part(bytes.substr(at, in_size));
        std::span<const char> rest(part.view());
        bool filled = true;
        while (filled || !rest.empty()) {
            const auto step = reader.inflate(rest, out);
            if (!step) {
                read.end = step.error();
                return read;
            }
            BOOST_REQUIRE(step->consumed <= rest.size());
            BOOST_REQUIRE(step->produced <= out.size());
            read.text.append(out.data(), step->produced);
            rest = rest.subspan(step->consumed);
            filled = step->produced == out.size();
        }
    }
    read.end = reader.finish();
    BOOST_TEST(reader.at_member_end() == read.end.has_value());
    return read;
}

constexpr std::size_t sizes[] = {1, 3, 64, 100'000};

void check_whole(std::string_view bytes, std::string_view text)
{
    for (const std::size_t in_size : sizes) {
        for (const std::size_t out_size : sizes) {
            const auto read = read_all(bytes, in_size, out_size);
            BOOST_TEST_CONTEXT("pieces of " << in_size << " and " << out_size)
            {
                BOOST_TEST((read.text == text));
                BOOST_TEST(read.end.has_value());
            }
        }
    }
}

void check_failed(std::string_view bytes, std::string_view text, error expected, std::string_view message)
{
    for (const std::size_t in_size : sizes) {
        for (const std::size_t out_size : sizes) {
            const auto read = read_all(bytes, in_size, out_size);
            BOOST_TEST_CONTEXT("pieces of " << in_size << " and " << out_size)
            {
                BOOST_TEST((read.text == text));
                BOOST_REQUIRE(read.end.has_error());
                BOOST_TEST(read.end.error().code == expected);
                BOOST_TEST(read.end.error().message == message);
            }
        }
    }
}

std::string damaged_words(std::size_t offset, std::string_view reason)
{
    return "damaged gzip data near byte " + std::to_string(offset) + " (" + std::string(reason) +
           "); what stands before was read; `gzip -t` checks the whole file";
}

std::string truncated_words(std::size_t size)
{
    return "the gzip data ends in the middle, after " + std::to_string(size) +
           " bytes; what stands before was read; copy the whole file, or wait until it is written";
}

} // namespace

BOOST_AUTO_TEST_SUITE(gzip_files)

BOOST_AUTO_TEST_CASE(a_file_is_read_in_pieces_of_any_size)
{
    check_whole(compressed(""), "");
    check_whole(compressed(kernel_text), kernel_text);
}

BOOST_AUTO_TEST_CASE(members_in_a_row_are_read_as_one)
{
    check_whole(compressed("one\n") + compressed("") + compressed("two\n"), "one\ntwo\n");
}

BOOST_AUTO_TEST_CASE(zeros_behind_a_member_are_skipped)
{
    const std::string zeros(5, '\0');
    check_whole(compressed("one\n") + zeros, "one\n");
    check_whole(compressed("one\n") + zeros + compressed("two\n") + zeros, "one\ntwo\n");
}

BOOST_AUTO_TEST_CASE(the_end_of_a_member_shows)
{
    const std::string bytes = compressed("one\n");
    gzip_reader reader;
    std::array<char, 4> out{};
    BOOST_TEST(!reader.at_member_end());
    const auto all_but_last = std::span<const char>(bytes).first(bytes.size() - 1);
    BOOST_TEST(reader.inflate(all_but_last, out)->produced == 4U);
    BOOST_TEST(!reader.at_member_end());
    BOOST_TEST(reader.inflate(std::span<const char>(bytes).last(1), out)->consumed == 1U);
    BOOST_TEST(reader.at_member_end());
    BOOST_TEST(reader.inflate({}, out)->produced == 0U);
    BOOST_TEST(reader.at_member_end());
    BOOST_TEST(reader.inflate(std::span<const char>(bytes).first(1), out)->consumed == 1U);
    BOOST_TEST(!reader.at_member_end());
}

BOOST_AUTO_TEST_CASE(every_cut_is_told_and_what_stands_before_is_read)
{
    const std::string bytes = compressed(kernel_text);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto read = read_all(std::string_view(bytes).substr(0, length), 7, 16);
        BOOST_TEST(kernel_text.starts_with(read.text));
        BOOST_REQUIRE(read.end.has_error());
        BOOST_TEST(read.end.error().code == error::truncated_gzip);
        BOOST_TEST(read.end.error().message == truncated_words(length));
    }
    const std::string without_end = bytes.substr(0, bytes.size() - 1);
    check_failed(without_end, kernel_text, error::truncated_gzip, truncated_words(without_end.size()));
    check_failed(bytes + bytes.substr(0, 10), kernel_text, error::truncated_gzip,
                 truncated_words(bytes.size() + 10));
}

BOOST_AUTO_TEST_CASE(damage_is_told_and_what_stands_before_is_read)
{
    const std::string bytes = compressed("one\n");
    check_failed("no gzip data", "", error::damaged_gzip, damaged_words(2, "incorrect header check"));
    check_failed(compressed("one\n", MAX_WBITS), "", error::damaged_gzip,
                 damaged_words(2, "incorrect header check"));
    std::string bad_block = bytes;
    bad_block[10] = '\xff';
    check_failed(bad_block, "", error::damaged_gzip, damaged_words(11, "invalid block type"));
    std::string bad_checksum = bytes;
    bad_checksum[bytes.size() - 8] ^= '\x01';
    check_failed(bad_checksum, "one\n", error::damaged_gzip,
                 damaged_words(bytes.size() - 4, "incorrect data check"));
    std::string bad_length = bytes;
    bad_length.back() ^= '\x01';
    check_failed(bad_length, "one\n", error::damaged_gzip,
                 damaged_words(bytes.size(), "incorrect length check"));
}

BOOST_AUTO_TEST_CASE(other_bytes_behind_a_member_are_damage)
{
    const std::string bytes = compressed("one\n");
    check_failed(bytes + "xyz", "one\n", error::damaged_gzip,
                 damaged_words(bytes.size() + 2, "incorrect header check"));
}

BOOST_AUTO_TEST_CASE(a_failure_stays)
{
    gzip_reader reader;
    std::array<char, 8> out{};
    const std::string bytes = compressed("one\n");
    BOOST_TEST(reader.inflate(std::string_view("no gzip data"), out).has_error());
    const auto again = reader.inflate(bytes, out);
    BOOST_REQUIRE(again.has_error());
    BOOST_TEST(again.error().message == damaged_words(2, "incorrect header check"));
    BOOST_TEST(reader.finish().error().message == again.error().message);
}

BOOST_AUTO_TEST_CASE(what_came_out_before_the_damage_is_told_first)
{
    std::string bytes = compressed("one\n");
    bytes.back() ^= '\x01';
    gzip_reader reader;
    std::array<char, 64> out{};
    const auto step = reader.inflate(bytes, out);
    BOOST_REQUIRE(step);
    BOOST_TEST(std::string_view(out.data(), step->produced) == "one\n");
    BOOST_TEST(reader.inflate({}, out).error().code == error::damaged_gzip);
}

BOOST_AUTO_TEST_CASE(a_moved_reader_goes_on)
{
    const std::string bytes = compressed(kernel_text);
    const std::span<const char> all(bytes);
    std::array<char, 1000> out{};
    gzip_reader first;
    const auto begun = first.inflate(all.first(40), out);
    BOOST_REQUIRE(begun);
    gzip_reader second(std::move(first));
    first = std::move(second);
    const auto ended = first.inflate(all.subspan(40), std::span(out).subspan(begun->produced));
    BOOST_REQUIRE(ended);
    BOOST_TEST(std::string_view(out.data(), begun->produced + ended->produced) == kernel_text);
    BOOST_TEST(first.finish().has_value());
}

BOOST_AUTO_TEST_CASE(a_bomb_comes_out_in_pieces)
{
    constexpr std::size_t size = 64 * 1024 * 1024;
    const std::string bytes = compressed(std::string(size, 'x'));
    BOOST_TEST(bytes.size() < size / 900);
    gzip_reader reader;
    std::array<char, 4096> out{};
    std::span<const char> rest(bytes);
    std::size_t produced = 0;
    do {
        const auto step = reader.inflate(rest, out);
        BOOST_REQUIRE(step);
        rest = rest.subspan(step->consumed);
        produced += step->produced;
    } while (!reader.at_member_end());
    BOOST_TEST(produced == size);
    BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_SUITE_END()
