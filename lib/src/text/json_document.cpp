#include "text/json_document.hpp"

#include "text/cursor.hpp"
#include "text/json_line.hpp"
#include "text/quote.hpp"

#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace sctrace {

namespace {

using boost::system::error_code;
using boost::system::result;

constexpr std::string_view text_behind = "text stands behind the document";

constexpr bool is_name_character(char c) noexcept
{
    return detail::is_letter(c) || detail::is_digit(c) || c == '_';
}

bool is_utf8(std::string_view text)
{
    std::string ignored;
    return detail::append_json_string(ignored, text);
}

std::string words_for(error_code failed, std::string_view line)
{
    if (line.find('\0') != std::string_view::npos) {
        return "no JSON: a NUL byte";
    }
    if (!is_utf8(line)) {
        return "no JSON: bytes that are not UTF-8";
    }
    return "no JSON: " + failed.message();
}

/// Takes a document apart, and knows the line of what it reads.
/** Functions that return a bool return false when the text is malformed; problem() then says why. */
class document_reader {
public:
    explicit document_reader(std::string_view text) noexcept
        : text_(text)
        , in_(text)
    {
    }

    bool run(json_value& document)
    {
        if (!read_value(document, nullptr)) {
            return false;
        }
        skip_blanks();
        return in_.at_end() || fail(text_behind);
    }

    const std::string& problem() const noexcept { return problem_; }

private:
    /// Where a value is: in which other one, and there by name or behind which elements.
    struct place {
        const place* outer;
        std::string_view name;
        const json_value::array* before = nullptr;

        std::string path() const
        {
            const std::string of_outer = outer != nullptr ? outer->path() : "";
            return before != nullptr ? element_path(of_outer, before->size()) : member_path(of_outer, name);
        }
    };

    bool read_value(json_value& value, const place* where)
    {
        skip_blanks();
        value.line = line_;
        if (++values_ > max_json_values) {
            return fail("more than " + std::to_string(max_json_values) + " values");
        }
        if (in_.peek() == '{') {
            return read_members(value.content.emplace<json_value::object>(), where);
        }
        if (in_.peek() == '[') {
            return read_elements(value.content.emplace<json_value::array>(), where);
        }
        return read_scalar(value);
    }

    bool read_members(json_value::object& members, const place* outer)
    {
        std::unordered_map<std::string, std::uint64_t> lines;
        return read_list('}', [&] {
            json_member member;
            if (!read_name(member)) {
                return false;
            }
            const place here{outer, member.name};
            if (const auto [seen, is_new] = lines.emplace(member.name, member.line); !is_new) {
                return fail(here.path() + " stands twice: on line " + std::to_string(seen->second) +
                            " and on this one");
            }
            skip_blanks();
            if (!in_.take(':')) {
                return fail_here();
            }
            const bool read = read_value(member.value, &here);
            members.push_back(std::move(member));
            return read;
        });
    }

    bool read_elements(json_value::array& elements, const place* outer)
    {
        const place here{outer, {}, &elements};
        return read_list(']', [&] {
            json_value element;
            const bool read = read_value(element, &here);
            elements.push_back(std::move(element));
            return read;
        });
    }

    /// Reads what stands between brackets, with commas in between.
    template <class ReadOne>
    bool read_list(char end, ReadOne read_one)
    {
        if (++depth_ > max_json_depth) {
            return fail("arrays and objects stand more than " + std::to_string(max_json_depth) +
                        " deep in each other");
        }
        in_.skip(1);
        skip_blanks();
        if (!in_.take(end)) {
            do {
                if (!read_one()) {
                    return false;
                }
                skip_blanks();
            } while (in_.take(','));
            if (!in_.take(end)) {
                return fail_here();
            }
        }
        --depth_;
        return true;
    }

    bool read_name(json_member& member)
    {
        skip_blanks();
        member.line = line_;
        json_value name;
        if (in_.peek() != '"') {
            return fail_here();
        }
        const bool read = read_scalar(name);
        if (auto* const text = std::get_if<std::string>(&name.content)) {
            member.name = std::move(*text);
        }
        return read;
    }

    /// Anything but an array or an object.
    bool read_scalar(json_value& value)
    {
        const std::string_view token = in_.rest().substr(0, token_length());
        error_code failed;
        const boost::json::value read = boost::json::parse(token, failed);
        if (failed) {
            return fail_here(failed, token.size());
        }
        if (const auto* const text = read.if_string()) {
            value.content = std::string(*text);
        } else if (const auto* const word = read.if_bool()) {
            value.content = *word;
        } else if (const auto* const number = read.if_int64(); number != nullptr && *number < 0) {
            value.content = *number;
        } else if (read.is_double()) {
            value.content = json_real{std::string(token)};
        } else if (read.is_number()) {
            value.content = read.to_number<std::uint64_t>();
        }
        in_.skip(token.size());
        return true;
    }

    std::size_t token_length() const noexcept
    {
        const std::string_view rest = in_.rest();
        if (in_.peek() == '"') {
            return std::min(1 + detail::string_length(rest.substr(1)) + 1, rest.size());
        }
        return std::min(rest.find_first_of(" \t\r\n,:[]{}\""), rest.size());
    }

    void skip_blanks() noexcept
    {
        for (; std::string_view(" \t\r\n").find(in_.peek()) != std::string_view::npos; in_.skip(1)) {
            line_ += in_.peek() == '\n' ? 1 : 0;
        }
    }

    /// What comes next is no JSON, unless the true problem is that nothing follows its @p length.
    bool fail_here(error_code failed = boost::json::error::syntax, std::size_t length = 0)
    {
        if (in_.size() == length && (length == 0 || failed == boost::json::error::incomplete)) {
            // A newline at the end begins no further line.
            line_ -= length == 0 && text_.ends_with('\n') ? 1 : 0;
            return fail("no JSON: the text ends before the document does");
        }
        if (depth_ == 0 && failed == boost::json::error::extra_data) {
            return fail(text_behind);
        }
        const bool stops_short =
            failed == boost::json::error::incomplete || failed == boost::json::error::extra_data;
        return fail(words_for(stops_short ? boost::json::error::syntax : failed, line_here()));
    }

    std::string_view line_here() const noexcept
    {
        const std::size_t at = text_.size() - in_.size();
        const std::size_t begin = text_.substr(0, at).rfind('\n') + 1;
        return text_.substr(begin, detail::find_or_end(text_, '\n', at) - begin);
    }

    bool fail(std::string_view problem)
    {
        problem_ = "line " + std::to_string(line_) + ": ";
        problem_ += problem;
        return false;
    }

    std::string_view text_;
    detail::cursor in_;
    std::uint64_t line_ = 1;
    std::size_t values_ = 0;
    std::size_t depth_ = 0;
    std::string problem_;
};

} // namespace

std::string_view kind_of(const json_value& value) noexcept
{
    if (value.is_null()) {
        return "null";
    }
    if (value.as<bool>() != nullptr) {
        return "a boolean";
    }
    if (value.as<std::string>() != nullptr) {
        return "a string";
    }
    if (value.as<json_value::array>() != nullptr) {
        return "an array";
    }
    return value.as<json_value::object>() != nullptr ? "an object" : "a number";
}

bool says_nothing(const json_value& value) noexcept
{
    if (const auto* text = value.as<std::string>()) {
        return text->empty();
    }
    if (const auto* elements = value.as<json_value::array>()) {
        return std::all_of(elements->begin(), elements->end(), says_nothing);
    }
    if (const auto* members = value.as<json_value::object>()) {
        return std::all_of(members->begin(), members->end(),
                           [](const json_member& member) { return says_nothing(member.value); });
    }
    return value.is_null();
}

std::string member_path(std::string_view path, std::string_view name)
{
    std::string words(path);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_character)) {
        return words + '[' + detail::quoted(name) + ']';
    }
    constexpr std::size_t most = 40;
    words += path.empty() ? "" : ".";
    words += name.substr(0, most);
    return name.size() > most ? words + "…" : words;
}

std::string element_path(std::string_view path, std::size_t index)
{
    return std::string(path) + '[' + std::to_string(index) + ']';
}

result<json_value, failure> parse_json(std::string_view text, error malformed)
{
    document_reader reader(text);
    json_value document;
    if (!reader.run(document)) {
        return failure{malformed, reader.problem()};
    }
    return document;
}

} // namespace sctrace
