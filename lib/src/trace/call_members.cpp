#include "trace/call_members.hpp"

#include "text/cursor.hpp"
#include "text/json_line.hpp"

#include <sctrace/trace.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace sctrace::detail {

namespace {

using boost::system::result;

/// `0x` and the digits that architecture::display_name() writes.
std::optional<architecture> unnamed_architecture(std::string_view text) noexcept
{
    constexpr std::string_view prefix = "0x";
    if (!text.starts_with(prefix)) {
        return std::nullopt;
    }
    cursor in(text.substr(prefix.size()));
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

class line_parser {
public:
    line_parser(std::string_view line, call_line_kind kind) noexcept
        : in_(line)
        , kind_(kind)
    {
    }

    /// Empty if the line is malformed; problem() then says why.
    std::optional<call_members> run(architecture native)
    {
        const bool read = in_.read_object(
            is_trace()
                ? "no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}"
                : "no JSON object; an event reads {…,\"arch\":\"x86_64\",\"syscall\":0,\"name\":\"read\",…}",
            [this](std::string_view key) { return accept(key); },
            [this] { return (this->*current_->read)(); });
        return read && nothing_is_missing() && name_call(native) ? std::optional(std::move(members_))
                                                                 : std::nullopt;
    }

    const std::string& problem() const noexcept { return in_.problem(); }

private:
    struct member {
        std::string_view name;
        bool (line_parser::*read)();
        bool in_trace;
        bool in_event;
    };

    static const std::array<member, 6> members;

    bool is_trace() const noexcept { return kind_ == call_line_kind::trace; }
    bool& seen(const member& m) noexcept { return seen_[static_cast<std::size_t>(&m - members.data())]; }

    bool accept(std::string_view key)
    {
        current_ = &*std::find_if(members.begin(), members.end() - 1, [&](const member& m) {
            return m.name == key && (is_trace() ? m.in_trace : m.in_event);
        });
        if (current_ == &members.back()) {
            return !is_trace() ||
                   in_.fail("unknown member " + quoted(key) + "; there are syscall, name, count and arch");
        }
        if (seen(*current_)) {
            return in_.fail(quoted(key) + " stands twice");
        }
        return seen(*current_) = true;
    }

    bool nothing_is_missing()
    {
        const auto required = is_trace() ? 3 : 1;
        const auto missing = std::find_if(members.begin(), members.begin() + required,
                                          [this](const member& m) { return !seen(m); });
        return missing == members.begin() + required || in_.fail(quoted(missing->name) + " is missing");
    }

    bool read_syscall() { return in_.read_syscall(number_); }
    bool read_count() { return in_.read_count(members_.count); }
    bool skip_value() { return in_.skip_value(); }

    bool read_name()
    {
        return in_.take_null() || read_text("\"name\" must be a string or null", members_.name);
    }

    bool read_arch()
    {
        std::string value;
        if (!read_text("\"arch\" must be a string", value)) {
            return false;
        }
        arch_ = architecture_of(value);
        return arch_ || in_.fail("\"arch\" is " + quoted(value) + ", which is no known architecture");
    }

    bool read_action()
    {
        std::string value;
        const bool read = read_text("\"action\" must be a string", value);
        members_.permitted = value == "log" || value == "allow";
        return read;
    }

    bool read_text(std::string_view no_string, std::string& text)
    {
        if (in_.peek() != '"') {
            return in_.fail_at(no_string);
        }
        std::string_view value;
        std::string buffer;
        const bool read = in_.read_plain_string(quoted(current_->name), value, buffer);
        text = value;
        return read;
    }

    bool name_call(architecture native)
    {
        const auto written = arch_.value_or(native);
        const auto meant = architecture::of_call(written.audit_arch(), number_);
        members_.call = {meant, number_};
        members_.has_arch = arch_.has_value();
        return !arch_ || meant == written ||
               in_.fail("\"arch\" is " + quoted(written.name()) + ", but the number is one of " +
                        std::string(meant.name()) + ": bit 30 tells the two apart");
    }

    json_line in_;
    call_line_kind kind_;
    const member* current_ = nullptr;
    std::array<bool, 6> seen_{};
    std::int64_t number_ = 0;
    std::optional<architecture> arch_;
    call_members members_;
};

/// In the order in which one that is missing is told of; the last one is any other member of an event.
const std::array<line_parser::member, 6> line_parser::members{{
    {"syscall", &line_parser::read_syscall, true, true},
    {"name", &line_parser::read_name, true, false},
    {"count", &line_parser::read_count, true, true},
    {"arch", &line_parser::read_arch, true, true},
    {"action", &line_parser::read_action, false, true},
    {"", &line_parser::skip_value, false, false},
}};

} // namespace

result<call_members, failure> read_call_members(std::string_view line, call_line_kind kind,
                                                architecture native)
{
    line_parser parser(line, kind);
    auto read = parser.run(native);
    if (!read) {
        return failure{kind == call_line_kind::trace ? error::malformed_trace : error::malformed_event,
                       parser.problem()};
    }
    return *std::move(read);
}

std::string too_many_words()
{
    return "more than " + std::to_string(trace::max_distinct) +
           " different calls, which is more than a trace tells apart";
}

result<void, failure> note_if_cut(const result<void, failure>& read, std::string_view line)
{
    const std::size_t end = line.find_last_not_of(" \t\r");
    const bool is_whole = end != std::string_view::npos && line[end] == '}';
    return read || is_whole ? read
                            : failure{read.error().code,
                                      read.error().message + " (the file ends in the middle of a line)"};
}

} // namespace sctrace::detail
