#include "words_test.hpp"

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <set>

using sctrace::error;

namespace {

constexpr int last_value = static_cast<int>(error::filter_not_possible);

} // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(every_value_has_its_own_message)
{
    std::set<std::string> messages;
    for (int value = 1; value <= last_value; ++value) {
        const boost::system::error_code code = static_cast<error>(value);
        BOOST_TEST(code.failed());
        BOOST_TEST(code.message() != "unknown sctrace error");
        BOOST_TEST(messages.insert(code.message()).second);
    }
    BOOST_TEST(boost::system::error_code(last_value + 1, sctrace::error_category()).message() ==
               "unknown sctrace error");
}

BOOST_AUTO_TEST_CASE(codes_belong_to_the_category)
{
    const boost::system::error_code code = error::truncated_record;
    BOOST_TEST(code.category().name() == "sctrace");
    BOOST_TEST((code.category() == sctrace::error_category()));
    BOOST_TEST(code == error::truncated_record);
    BOOST_TEST(code != error::malformed_record);
    BOOST_TEST((sctrace::error_category() != boost::system::system_category()));
}

BOOST_AUTO_TEST_CASE(messages_fit_into_any_buffer)
{
    const auto& category = sctrace::error_category();
    const int value = static_cast<int>(error::command_not_found);
    std::array<char, 8> buffer{};
    BOOST_TEST(std::string_view(category.message(value, buffer.data(), buffer.size())) ==
               category.message(value).substr(0, buffer.size() - 1));
    buffer.fill('x');
    category.message(value, buffer.data(), 0);
    BOOST_TEST(buffer[0] == 'x');
}

BOOST_AUTO_TEST_CASE(a_failure_is_thrown_with_its_words)
{
    const boost::system::result<int, sctrace::failure> failed(
        sctrace::failure{error::output_is_directory, "cannot write the trace to /tmp"});
    const auto tells_all = [](const boost::system::system_error& e) {
        return e.code() == error::output_is_directory &&
               std::string_view(e.what()).starts_with("cannot write the trace to /tmp");
    };
    BOOST_CHECK_EXCEPTION(failed.value(), boost::system::system_error, tells_all);
}

BOOST_AUTO_TEST_SUITE_END()
