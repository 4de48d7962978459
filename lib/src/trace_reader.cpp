#include "json_string.hpp"
#include "scan.hpp"

#include <sctrace/syscall_names.hpp>
#include <sctrace/trace_reader.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace sctrace {

namespace {

using boost::system::result;

constexpr std::string_view not_closed = "the line ends before the object does";

/// A text of the file, fit for a message.
std::string quoted(std::string_view text)
{
    constexpr std::size_t most = 40;
    std::string words;
    detail::append_json_string(words, text.substr(0, most));
    return text.size() > most ? words + "…" : words;
}

constexpr bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

constexpr bool is_plain(char c) noexcept
{
    return c >= ' ' && c <= '~' && c != '\\';
}

/// Where the string ends in whose middle `text` begins: at the first quote that is not escaped.
std::size_t string_length(std::string_view text) noexcept
{
    std::size_t length = 0;
    while (length < text.size() && text[length] != '"') {
        length += text[length] == '\\' ? 2 : 1;
    }
    return std::min(length, text.size());
}

/// `0x` and the digits that architecture::display_name() writes.
std::optional<architecture> unnamed_architecture(std::string_view text) noexcept
{
    constexpr std::string_view prefix = "0x";
    if (!text.starts_with(prefix)) {
        return std::nullopt;
    }
    scan::reader in(text.substr(prefix.size()));
    const bool padded = in.peek() == '0' && in.size() > 1;
    const auto number = in.take_hex();
    if (!number || padded || !in.at_end() || *number > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return architecture(static_cast<std::uint32_t>(*number));
}

/// Also takes the number of an architecture with a name: who wrote the file may not have known the name.
std::optional<architecture> architecture_of(std::string_view text) noexcept
{
    const auto named = architecture::from_name(text);
    return named ? named : unnamed_architecture(text);
}

/// Reads the object of one line.
class line_parser {
public:
    explicit line_parser(std::string_view line) noexcept
        : in_(line)
    {
    }

    /// False if the line is malformed; problem() then says why.
    bool run()
    {
        skip_spaces();
        if (in_.at_end()) {
            return fail("the line is empty");
        }
        if (!in_.take('{')) {
            return fail("no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}");
        }
        return read_members() && ends() && nothing_is_missing();
    }

    const std::string& problem() const noexcept { return problem_; }

    /// The line, once run() has returned true. Empty, with a problem, if arch and number contradict.
    std::optional<trace::line> line(architecture native)
    {
        const auto written = arch_.value_or(native);
        const auto meant = architecture::of_call(written.audit_arch(), number_);
        if (arch_ && meant != written) {
            fail("\"arch\" is " + quoted(written.name()) + ", but the number is one of " +
                 std::string(meant.name()) + ": bit 30 tells the two apart");
            return std::nullopt;
        }
        return trace::line{{meant, number_}, count_};
    }

private:
    enum member : unsigned {
        none = 0,
        syscall = 1,
        name = 2,
        count = 4,
        arch = 8,
    };

    static member member_of(std::string_view key) noexcept
    {
        if (key == "syscall") {
            return syscall;
        }
        if (key == "name") {
            return name;
        }
        if (key == "count") {
            return count;
        }
        return key == "arch" ? arch : none;
    }

    bool read_members()
    {
        skip_spaces();
        if (in_.take('}')) {
            return true;
        }
        do {
            if (!read_member()) {
                return false;
            }
            skip_spaces();
        } while (in_.take(','));
        return in_.take('}') || fail_at("a ',' or '}' is missing behind a member's value");
    }

    bool read_member()
    {
        skip_spaces();
        if (in_.peek() != '"') {
            return fail_at("a member's name is missing");
        }
        std::string_view key;
        if (!read_string("a member's name", key)) {
            return false;
        }
        const member which = member_of(key);
        if (which == none) {
            return fail("unknown member " + quoted(key) + "; there are syscall, name, count and arch");
        }
        if ((seen_ & which) != 0) {
            return fail(quoted(key) + " stands twice");
        }
        seen_ |= which;
        skip_spaces();
        if (!in_.take(':')) {
            return fail_at("a ':' is missing behind " + quoted(key));
        }
        skip_spaces();
        return read_value(which);
    }

    bool read_value(member which)
    {
        switch (which) {
        case syscall:
            return read_syscall();
        case name:
            return read_name();
        case count:
            return read_count();
        case arch:
            return read_arch();
        case none:
            break;
        }
        return false;
    }

    bool read_syscall()
    {
        bool negative = false;
        std::optional<std::uint64_t> magnitude;
        if (!read_integer("\"syscall\" must be an integer", negative, magnitude)) {
            return false;
        }
        constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (!magnitude || *magnitude > largest + (negative ? 1 : 0)) {
            return fail("\"syscall\" has more than 64 bits");
        }
        number_ = static_cast<std::int64_t>(negative ? 0 - *magnitude : *magnitude);
        return true;
    }

    bool read_count()
    {
        bool negative = false;
        std::optional<std::uint64_t> magnitude;
        if (!read_integer("\"count\" must be an integer", negative, magnitude)) {
            return false;
        }
        if (negative || magnitude == 0U) {
            return fail("\"count\" must be at least 1");
        }
        if (!magnitude) {
            return fail("\"count\" has more than 64 bits");
        }
        count_ = *magnitude;
        return true;
    }

    /// Reads an integer in JSON's form, which has no leading zeros; empty for one of more than 64 bits.
    bool read_integer(std::string_view problem, bool& negative, std::optional<std::uint64_t>& magnitude)
    {
        negative = in_.take('-');
        const bool zero = in_.peek() == '0';
        if (!scan::is_digit(in_.peek())) {
            return fail_at(problem);
        }
        const std::size_t before = in_.size();
        magnitude = in_.take_decimal();
        const bool padded = zero && (negative || before - in_.size() > 1);
        const char next = in_.peek();
        if (padded || next == '.' || next == 'e' || next == 'E') {
            return fail(problem);
        }
        return true;
    }

    bool read_name()
    {
        if (in_.take("null")) {
            return true;
        }
        std::string_view value;
        if (in_.peek() != '"') {
            return fail_at("\"name\" must be a string or null");
        }
        return read_string("\"name\"", value);
    }

    bool read_arch()
    {
        std::string_view value;
        if (in_.peek() != '"') {
            return fail_at("\"arch\" must be a string");
        }
        if (!read_string("\"arch\"", value)) {
            return false;
        }
        arch_ = architecture_of(value);
        return arch_ || fail("\"arch\" is " + quoted(value) + ", which is no known architecture");
    }

    /// Reads a string from its opening quote on; `what` names it in messages.
    bool read_string(std::string_view what, std::string_view& value)
    {
        in_.skip(1);
        const std::string_view raw = in_.rest().substr(0, string_length(in_.rest()));
        in_.skip(raw.size());
        if (!in_.take('"')) {
            return fail(not_closed);
        }
        value = raw;
        if (!std::all_of(raw.begin(), raw.end(), is_plain) && !unescape(what, value)) {
            return false;
        }
        return std::none_of(value.begin(), value.end(), is_control) ||
               fail(std::string(what) + " holds a control character");
    }

    /// The slow way for escapes and for what is not ASCII. Control characters are left to the caller.
    bool unescape(std::string_view what, std::string_view& value)
    {
        if (std::any_of(value.begin(), value.end(), is_control)) {
            return true;
        }
        boost::system::error_code failed;
        const auto parsed = boost::json::parse('"' + std::string(value) + '"', failed);
        if (failed) {
            return fail(std::string(what) + " is no valid JSON string");
        }
        unescaped_.assign(parsed.get_string().data(), parsed.get_string().size());
        value = unescaped_;
        return true;
    }

    bool ends()
    {
        skip_spaces();
        return in_.at_end() || fail("the line goes on behind the object");
    }

    bool nothing_is_missing()
    {
        constexpr std::array<std::string_view, 3> required{"syscall", "name", "count"};
        const auto missing = std::find_if(required.begin(), required.end(), [this](std::string_view key) {
            return (seen_ & member_of(key)) == 0;
        });
        return missing == required.end() || fail(quoted(*missing) + " is missing");
    }

    void skip_spaces() noexcept
    {
        while (in_.take(' ') || in_.take('\t') || in_.take('\r')) {
        }
    }

    bool fail(std::string_view problem)
    {
        problem_ = problem;
        return false;
    }

    /// As fail(), unless the true problem is that nothing follows.
    bool fail_at(std::string_view problem) { return fail(in_.at_end() ? not_closed : problem); }

    scan::reader in_;
    unsigned seen_ = none;
    std::int64_t number_ = 0;
    std::uint64_t count_ = 0;
    std::optional<architecture> arch_;
    std::string unescaped_;
    std::string problem_;
};

/// `0 (read)`, or of a foreign architecture `4 (write) of i386`.
std::string words_for(const syscall_key& call, architecture native)
{
    std::string words = std::to_string(call.number);
    if (const auto name = syscall_name(call.arch, call.number)) {
        words += " (" + *name + ')';
    }
    return call.arch == native ? words : words + " of " + call.arch.display_name();
}

} // namespace

result<trace::line, failure> parse_trace_line(std::string_view line, architecture native)
{
    line_parser parser(line);
    const auto read = parser.run() ? parser.line(native) : std::nullopt;
    if (!read) {
        return failure{error::malformed_trace, parser.problem()};
    }
    return *read;
}

result<void, failure> trace_reader::feed(std::string_view bytes)
{
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) {
            return keep(bytes);
        }
        if (auto read = read_rest_of_line(bytes.substr(0, end)); !read) {
            return read;
        }
        bytes.remove_prefix(end + 1);
    }
    return {};
}

result<void, failure> trace_reader::finish()
{
    if (partial_.empty()) {
        return {};
    }
    const std::string last = std::exchange(partial_, {});
    auto read = read_line(last);
    if (!read && !parse_trace_line(last, native_)) {
        return failure{read.error().code, read.error().message + " (the file ends in the middle of a line)"};
    }
    return read;
}

trace trace_reader::take()
{
    return std::exchange(counts_, trace{});
}

result<void, failure> trace_reader::read_rest_of_line(std::string_view rest)
{
    if (partial_.empty() && rest.size() <= max_line) {
        return read_line(rest);
    }
    if (auto kept = keep(rest); !kept) {
        return kept;
    }
    auto read = read_line(partial_);
    partial_.clear();
    return read;
}

result<void, failure> trace_reader::keep(std::string_view piece)
{
    if (piece.size() > max_line - partial_.size()) {
        ++line_;
        return malformed("longer than 64 KiB, which no line of a trace is");
    }
    partial_ += piece;
    return {};
}

result<void, failure> trace_reader::read_line(std::string_view line)
{
    ++line_;
    const auto parsed = parse_trace_line(line, native_);
    return parsed ? add(*parsed) : malformed(parsed.error().message);
}

result<void, failure> trace_reader::add(const trace::line& l)
{
    if (counts_.count(l.call) != 0) {
        return malformed("syscall " + words_for(l.call, native_) + " stands twice");
    }
    if (l.count > std::numeric_limits<std::uint64_t>::max() - counts_.total()) {
        return malformed("the sum of all counts has more than 64 bits");
    }
    counts_.add(l.call, l.count);
    return {};
}

failure trace_reader::malformed(std::string_view problem) const
{
    return {error::malformed_trace, "line " + std::to_string(line_) + ": " + std::string(problem)};
}

} // namespace sctrace
