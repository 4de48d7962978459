#include "text/json_document.hpp"

#include "text/json_string.hpp"
#include "text/quoted.hpp"
#include "text/scan.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace sctrace {

namespace {

using boost::system::error_code;
using boost::system::result;

constexpr bool is_name_character(char c) noexcept
{
    return scan::is_letter(c) || scan::is_digit(c) || c == '_';
}

/// Builds the tree from what Boost.JSON's parser finds.
class tree_builder {
public:
    // The parser asks for these; the limits on the whole document are stricter.
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    void next_line() noexcept { ++line_; }
    std::uint64_t line() const noexcept { return line_; }

    /// Why the builder stopped the parser; empty if it did not.
    const std::string& problem() const noexcept { return problem_; }

    /// The document, once the parser is done.
    json_value take() { return std::move(document_); }

    bool on_document_begin(error_code&) noexcept { return true; }
    bool on_document_end(error_code&) noexcept { return true; }

    bool on_object_begin(error_code& failed) { return open(json_value::object{}, failed); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code& failed) { return open(json_value::array{}, failed); }
    bool on_array_end(std::size_t, error_code&) { return close(); }

    bool on_key_part(boost::json::string_view part, std::size_t, error_code&) { return keep(part); }

    bool on_key(boost::json::string_view last, std::size_t, error_code& failed)
    {
        keep(last);
        return name_member(std::exchange(text_, {}), failed);
    }

    bool on_string_part(boost::json::string_view part, std::size_t, error_code&) { return keep(part); }

    bool on_string(boost::json::string_view last, std::size_t, error_code& failed)
    {
        keep(last);
        return add(std::exchange(text_, {}), failed);
    }

    bool on_number_part(boost::json::string_view part, error_code&) { return keep(part); }

    bool on_int64(std::int64_t number, boost::json::string_view, error_code& failed)
    {
        text_.clear();
        return number < 0 ? add(number, failed) : add(static_cast<std::uint64_t>(number), failed);
    }

    bool on_uint64(std::uint64_t number, boost::json::string_view, error_code& failed)
    {
        text_.clear();
        return add(number, failed);
    }

    bool on_double(double, boost::json::string_view last, error_code& failed)
    {
        keep(last);
        return add(json_real{std::exchange(text_, {})}, failed);
    }

    bool on_bool(bool value, error_code& failed) { return add(value, failed); }
    bool on_null(error_code& failed) { return add(nullptr, failed); }

    bool on_comment_part(boost::json::string_view, error_code&) noexcept { return true; }
    bool on_comment(boost::json::string_view, error_code&) noexcept { return true; }

private:
    /// An array or object whose end was not seen yet.
    struct unfinished {
        json_value value;
        /// Of an object: the name that the next value belongs to, and the lines of all names.
        std::string name;
        std::uint64_t name_line = 0;
        std::unordered_map<std::string, std::uint64_t> lines;
    };

    bool keep(std::string_view part)
    {
        text_ += part;
        return true;
    }

    bool open(decltype(json_value::content) empty, error_code& failed)
    {
        unfinished next;
        next.value = {std::move(empty), line_};
        open_.push_back(std::move(next));
        return count(failed);
    }

    bool close()
    {
        json_value closed = std::move(open_.back().value);
        open_.pop_back();
        place(std::move(closed));
        return true;
    }

    template <class Content>
    bool add(Content content, error_code& failed)
    {
        json_value value;
        value.content.emplace<Content>(std::move(content));
        value.line = line_;
        place(std::move(value));
        return count(failed);
    }

    void place(json_value value)
    {
        if (open_.empty()) {
            document_ = std::move(value);
            return;
        }
        unfinished& parent = open_.back();
        if (auto* elements = std::get_if<json_value::array>(&parent.value.content)) {
            elements->push_back(std::move(value));
        } else if (auto* members = std::get_if<json_value::object>(&parent.value.content)) {
            members->push_back({std::move(parent.name), parent.name_line, std::move(value)});
        }
    }

    bool count(error_code& failed)
    {
        return ++values_ <= max_json_values ||
               fail("more than " + std::to_string(max_json_values) + " values", failed);
    }

    bool name_member(std::string name, error_code& failed)
    {
        unfinished& object = open_.back();
        object.name = name;
        object.name_line = line_;
        const auto [seen, is_new] = object.lines.emplace(std::move(name), line_);
        return is_new ||
               fail(path() + " stands twice: on line " + std::to_string(seen->second) + " and on this one",
                    failed);
    }

    std::string path() const
    {
        std::string words;
        for (const unfinished& parent : open_) {
            const auto* elements = parent.value.as<json_value::array>();
            words =
                elements != nullptr ? element_path(words, elements->size()) : member_path(words, parent.name);
        }
        return words;
    }

    bool fail(std::string problem, error_code& failed)
    {
        problem_ = std::move(problem);
        failed = boost::json::error::input_error;
        return false;
    }

    std::uint64_t line_ = 0;
    std::size_t values_ = 0;
    std::string text_;
    std::string problem_;
    std::vector<unfinished> open_;
    json_value document_;
};

bool is_utf8(std::string_view text)
{
    std::string ignored;
    return detail::append_json_string(ignored, text);
}

std::string words_for(error_code failed, std::string_view line)
{
    if (failed == boost::json::error::too_deep) {
        return "arrays and objects stand more than " + std::to_string(max_json_depth) + " deep in each other";
    }
    if (failed == boost::json::error::incomplete) {
        return "no JSON: the text ends before the document does";
    }
    if (line.find('\0') != std::string_view::npos) {
        return "no JSON: a NUL byte";
    }
    if (!is_utf8(line)) {
        return "no JSON: bytes that are not UTF-8";
    }
    return "no JSON: " + failed.message();
}

/// Feeds the parser line by line, so that the builder knows the line of each token: none has a newline in it.
class document_reader {
public:
    explicit document_reader(std::string_view text)
        : rest_(text)
        , parser_(options())
    {
    }

    /// False if the text is malformed; problem() then says why.
    bool run()
    {
        builder().next_line();
        while (!rest_.empty()) {
            if (!read_line()) {
                return false;
            }
        }
        return finish();
    }

    const std::string& problem() const noexcept { return problem_; }
    json_value take() { return builder().take(); }

private:
    static boost::json::parse_options options() noexcept
    {
        boost::json::parse_options strict;
        strict.max_depth = max_json_depth;
        return strict;
    }

    tree_builder& builder() noexcept { return parser_.handler(); }

    bool read_line()
    {
        const std::string_view line = rest_.substr(0, scan::find_or_end(rest_, '\n') + 1);
        rest_.remove_prefix(line.size());
        error_code failed;
        const std::size_t read = parser_.write_some(true, line.data(), line.size(), failed);
        if (failed) {
            return fail(failed, line);
        }
        if (read != line.size()) {
            return fail("text stands behind the document");
        }
        if (!rest_.empty()) {
            builder().next_line();
        }
        return true;
    }

    bool finish()
    {
        error_code failed;
        parser_.write_some(false, "", 0, failed);
        return !failed || fail(failed, {});
    }

    bool fail(error_code failed, std::string_view line)
    {
        return fail(builder().problem().empty() ? words_for(failed, line) : builder().problem());
    }

    bool fail(std::string_view problem)
    {
        problem_ = "line " + std::to_string(builder().line()) + ": ";
        problem_ += problem;
        return false;
    }

    std::string_view rest_;
    boost::json::basic_parser<tree_builder> parser_;
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
    if (!reader.run()) {
        return failure{malformed, reader.problem()};
    }
    return reader.take();
}

} // namespace sctrace
