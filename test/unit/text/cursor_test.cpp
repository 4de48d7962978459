#include "common/words_test.hpp"
#include "text/byte_blocks.hpp"
#include "text/cursor.hpp"

#include <random>

using sctrace::detail::cursor;
using sctrace::detail::find_key_tail;
using sctrace::test::exact_text;

namespace {

/// What find_key_tail() finds, in the simplest words.
std::size_t simple_find(std::string_view text, std::size_t from)
{
    for (std::size_t at = from; at + 3 < text.size(); ++at) {
        if ((text[at] == 'y' || text[at] == 'u') && text[at + 3] == '=') {
            return at;
        }
    }
    return std::string_view::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scanning)

BOOST_AUTO_TEST_CASE(a_key_is_found_at_every_place_of_every_length)
{
    for (std::size_t length = 4; length < 120; ++length) {
        for (std::size_t place = 0; place + 4 <= length; ++place) {
            std::string text(length, '.');
            text.replace(place, 4, "ype=");
            const exact_text exact(text);
            BOOST_REQUIRE(find_key_tail(exact.view(), 0, 'y', 'u') == place);
            BOOST_REQUIRE(find_key_tail(exact.view(), place, 'y', 'u') == place);
            BOOST_REQUIRE(find_key_tail(exact.view(), place + 1, 'y', 'u') == std::string_view::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(many_keys_are_found_one_after_the_other)
{
    std::mt19937 random(1326);
    std::uniform_int_distribution<std::size_t> choice(0, 4);
    for (int round = 0; round < 500; ++round) {
        std::string text;
        for (std::size_t length = random() % 150; text.size() < length;) {
            text += "yu=.\0"[choice(random)];
        }
        const exact_text exact(text);
        for (std::size_t from = 0; from <= text.size(); ++from) {
            BOOST_REQUIRE(find_key_tail(exact.view(), from, 'y', 'u') == simple_find(exact.view(), from));
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_end_at_64_bits)
{
    BOOST_TEST((cursor("18446744073709551615").take_decimal() == 18446744073709551615U));
    BOOST_TEST((cursor("00000000000000000000007").take_decimal() == 7U));
    BOOST_TEST(!cursor("18446744073709551616").take_decimal().has_value());
    BOOST_TEST(!cursor("").take_decimal().has_value());
    BOOST_TEST((cursor("ffffffffffffffffg").take_hex() == 0xffffffffffffffffU));
    BOOST_TEST(!cursor("10000000000000000").take_hex().has_value());
    BOOST_TEST(!cursor("A").take_hex().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
