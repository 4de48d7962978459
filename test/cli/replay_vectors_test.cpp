#include "common/vectors.hpp"
#include "replay.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

using namespace sctrace::test;
namespace json = boost::json;

namespace {

/// The vector as a line of a log.
std::string line_of(const json::object& vector)
{
    const std::string line(vector.at("line").as_string());
    return (vector.at("kind") == "netlink" ? "type=1326 " + line : line) + '\n';
}

std::uint64_t hexadecimal(std::string_view digits)
{
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, 16);
    BOOST_TEST((parsed.ec == std::errc{} && parsed.ptr == end), digits);
    return value;
}

/// A member of an event as the vectors write it; null for an absent one.
json::value member(const json::object& event, std::string_view name)
{
    const json::value* const found = event.if_contains(name);
    return found == nullptr ? json::value() : *found;
}

/// The number in a member such as `"0x7ffc0000"`.
json::value hex_member(const json::object& event, std::string_view name)
{
    const json::value text = member(event, name);
    if (text.is_null()) {
        return text;
    }
    const std::string_view digits = text.as_string();
    BOOST_REQUIRE(digits.starts_with("0x"));
    BOOST_TEST((digits == "0x0" || digits[2] != '0'), digits);
    return hexadecimal(digits.substr(2));
}

json::value expected_arch(const json::object& record)
{
    if (record.at("arch").is_null()) {
        return {};
    }
    const auto number = static_cast<std::uint32_t>(hexadecimal(record.at("arch").as_string()));
    const auto call = record.at("syscall").to_number<std::int64_t>();
    return json::value(sctrace::architecture::of_call(number, call).display_name());
}

json::value expected_action(const json::object& record)
{
    if (record.at("code").is_null()) {
        return {};
    }
    return json::value(sctrace::seccomp_action_name(record.at("code").to_number<std::uint32_t>()));
}

/// Numbers as their text: one parser's signed number is the other's unsigned one.
std::string text_of(const json::value& value)
{
    return json::serialize(value);
}

void check_event(const json::object& event, const json::object& record)
{
    for (const std::string_view name : {"time", "serial", "auid", "uid", "gid", "ses", "subj", "pid", "comm",
                                        "exe", "sig", "syscall", "compat"}) {
        BOOST_TEST(text_of(member(event, name)) == text_of(record.at(name)), name);
    }
    for (const std::string_view name : {"ip", "code"}) {
        BOOST_TEST(text_of(hex_member(event, name)) == text_of(record.at(name)), name);
    }
    BOOST_TEST(text_of(member(event, "arch")) == text_of(expected_arch(record)));
    const json::value action = expected_action(record);
    if (action.is_string() && action.as_string().empty()) {
        BOOST_TEST(std::string_view(event.at("action").as_string()).starts_with("0x"));
    } else {
        BOOST_TEST(text_of(member(event, "action")) == text_of(action));
    }
}

/// Tells how many records stand behind lines some of which are copies of others.
class record_copies {
public:
    void add(json::object record)
    {
        const std::string stamp = text_of(record.at("time")) + text_of(record.at("serial"));
        const bool has_header = !record.at("time").is_null();
        record.erase("time");
        record.erase("serial");
        const std::string body = text_of(record);
        if (has_header) {
            headers_[body].insert(stamp);
        } else {
            ++without_header_[body];
        }
    }

    /// A copy without a header belongs to one with the same body.
    std::size_t records() const
    {
        std::size_t sum = 0;
        for (const auto& [body, stamps] : headers_) {
            const auto copies = without_header_.find(body);
            sum += std::max(stamps.size(), copies == without_header_.end() ? 0 : copies->second);
        }
        for (const auto& [body, count] : without_header_) {
            sum += headers_.contains(body) ? 0 : count;
        }
        return sum;
    }

private:
    std::map<std::string, std::set<std::string>> headers_;
    std::map<std::string, std::size_t> without_header_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_vectors)

BOOST_AUTO_TEST_CASE(every_line_gives_the_event_it_should)
{
    for (const json::object& vector : read_vectors()) {
        const std::string line = line_of(vector);
        BOOST_TEST_CONTEXT(line)
        {
            const json::value& record = vector.at("record");
            const auto events = events_of(line);
            BOOST_TEST(events.size() == (record.is_object() ? 1U : 0U));
            if (record.is_object() && events.size() == 1) {
                check_event(events[0], record.as_object());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(all_lines_together_count_as_their_records_do)
{
    std::string log;
    record_copies copies;
    for (const json::object& vector : read_vectors()) {
        log += line_of(vector);
        if (const auto* record = vector.at("record").if_object()) {
            copies.add(*record);
        }
    }
    BOOST_TEST(total(counts_of(log)) == copies.records());
    BOOST_TEST(events_of(log).size() == copies.records());
}

BOOST_AUTO_TEST_SUITE_END()
