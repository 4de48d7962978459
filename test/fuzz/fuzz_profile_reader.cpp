#include "fuzz_check.hpp"

#include <sctrace/error.hpp>
#include <sctrace/profile_reader.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <string>

using sctrace::parse_profile;
using sctrace::profile;
using sctrace::profile_rule;
using sctrace::strictness;
using sctrace::test::check;

namespace {

using outcome = boost::system::result<sctrace::read_profile, sctrace::failure>;

bool is_same_rule(const profile_rule& a, const profile_rule& b)
{
    return a.names == b.names && a.verdict == b.verdict && a.conditions == b.conditions;
}

bool is_same(const profile& a, const profile& b)
{
    return a.default_verdict == b.default_verdict && a.architectures == b.architectures &&
           a.flags == b.flags &&
           std::equal(a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(), is_same_rule);
}

bool is_good_name(std::string_view name)
{
    return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    });
}

bool is_good_rule(const profile_rule& rule)
{
    return !rule.names.empty() && std::all_of(rule.names.begin(), rule.names.end(), is_good_name) &&
           rule.verdict.value <= (rule.verdict.action == sctrace::filter_action::trace ? 65535 : 4095) &&
           std::all_of(rule.conditions.begin(), rule.conditions.end(),
                       [](const sctrace::argument_condition& condition) { return condition.index <= 5; });
}

/// `line N: ` with a line that the text has, and nothing that a terminal obeys.
bool is_good_message(std::string_view message, std::string_view text)
{
    constexpr std::string_view prefix = "line ";
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    std::ptrdiff_t line = 0;
    if (!message.starts_with(prefix)) {
        return false;
    }
    const auto read = std::from_chars(message.data() + prefix.size(), message.data() + message.size(), line);
    return read.ec == std::errc() && std::string_view(read.ptr).starts_with(": ") && line >= 1 &&
           line <= lines && std::all_of(message.begin(), message.end(), [](char c) {
               return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
           });
}

void check_outcome(const outcome& read, std::string_view text)
{
    if (!read) {
        check(read.error().code == sctrace::error::malformed_profile);
        check(is_good_message(read.error().message, text));
        return;
    }
    boost::system::error_code failed;
    boost::json::parse(text, failed);
    check(!failed);
    const auto& rules = read->contents.rules;
    check(std::all_of(rules.begin(), rules.end(), is_good_rule));
    check(read->notes.size() <= 101);
}

} // namespace

/// A lenient reader takes what a strict one takes, and takes it alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text = sctrace::test::text_of(data, size);
    const outcome strict = parse_profile(text, strictness::strict);
    const outcome lenient = parse_profile(text, strictness::lenient);
    check_outcome(strict, text);
    check_outcome(lenient, text);
    check(!strict || (strict->notes.empty() && lenient && lenient->notes.empty() &&
                      is_same(strict->contents, lenient->contents)));
    return 0;
}
