#include "text/json_line.hpp"
#include "trace/named_call.hpp"

#include <sctrace/syscall_names.hpp>
#include <sctrace/trace_reader.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace sctrace {

namespace {

using boost::system::result;
using detail::quoted;

constexpr std::string_view no_object =
    "no JSON object; a line reads {\"syscall\":0,\"name\":\"read\",\"count\":42}";

/// Reads the object of one line.
class line_parser {
public:
    explicit line_parser(std::string_view line) noexcept
        : in_(line)
    {
    }

    /// Empty if the line is malformed; problem() then says why.
    std::optional<trace::line> run(architecture native)
    {
        const bool read = in_.read_object(
            no_object, [this](std::string_view key) { return accept(key); }, [this] { return read_value(); });
        const auto call = read && nothing_is_missing() ? call_of(native) : std::nullopt;
        return call ? std::optional(trace::line{*call, count_}) : std::nullopt;
    }

    const std::string& problem() const noexcept { return in_.problem(); }

    /// The name as it stands in the line; empty for null.
    std::string_view name() const noexcept { return name_; }

    bool has_arch() const noexcept { return arch_.has_value(); }

private:
    enum member : unsigned {
        none = 0,
        syscall = 1,
        name_member = 2,
        count = 4,
        arch = 8,
    };

    static member member_of(std::string_view key) noexcept
    {
        if (key == "syscall") {
            return syscall;
        }
        if (key == "name") {
            return name_member;
        }
        if (key == "count") {
            return count;
        }
        return key == "arch" ? arch : none;
    }

    bool accept(std::string_view key)
    {
        current_ = member_of(key);
        if (current_ == none) {
            return in_.fail("unknown member " + quoted(key) + "; there are syscall, name, count and arch");
        }
        if ((seen_ & current_) != 0) {
            return in_.fail(quoted(key) + " stands twice");
        }
        seen_ |= current_;
        return true;
    }

    bool read_value()
    {
        switch (current_) {
        case syscall:
            return in_.read_syscall(number_);
        case name_member:
            return read_name();
        case count:
            return in_.read_count(count_);
        case arch:
            return detail::read_arch(in_, arch_);
        case none:
            break;
        }
        return false;
    }

    bool read_name()
    {
        if (in_.take_null()) {
            return true;
        }
        if (in_.peek() != '"') {
            return in_.fail_at("\"name\" must be a string or null");
        }
        return in_.read_plain_string("\"name\"", name_, name_buffer_);
    }

    bool nothing_is_missing()
    {
        constexpr std::array<std::string_view, 3> required{"syscall", "name", "count"};
        const auto missing = std::find_if(required.begin(), required.end(), [this](std::string_view key) {
            return (seen_ & member_of(key)) == 0;
        });
        return missing == required.end() || in_.fail(quoted(*missing) + " is missing");
    }

    std::optional<syscall_key> call_of(architecture native)
    {
        return detail::call_of(in_, arch_, number_, native);
    }

    detail::json_line in_;
    unsigned seen_ = none;
    member current_ = none;
    std::int64_t number_ = 0;
    std::uint64_t count_ = 0;
    std::optional<architecture> arch_;
    std::string_view name_;
    std::string name_buffer_;
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

/// What a number is on its architecture: `syscall 63 is uname on x86_64`.
std::string meaning_of(const syscall_key& call)
{
    const auto name = syscall_name(call.arch, call.number);
    return "syscall " + std::to_string(call.number) + (name ? " is " + *name : " has no name") + " on " +
           call.arch.display_name();
}

/// Whether a name is not that of the call's number on its architecture, as far as both are known.
bool contradict(const syscall_key& call, std::string_view name)
{
    const auto known = syscall_name(call.arch, call.number);
    if (name.empty() || known == name) {
        return false;
    }
    const auto number = syscall_number(call.arch, name);
    return number ? *number != call.number : known.has_value();
}

} // namespace

result<trace::line, failure> parse_trace_line(std::string_view line, architecture native)
{
    line_parser parser(line);
    const auto read = parser.run(native);
    if (!read) {
        return failure{error::malformed_trace, parser.problem()};
    }
    return *read;
}

trace_reader::trace_reader(architecture native) noexcept
    : native_(native)
    , lines_(max_line, error::malformed_trace, "no line of a trace")
{
}

result<void, failure> trace_reader::feed(std::string_view bytes)
{
    return lines_.feed(bytes, [this](std::string_view line) { return read_line(line); });
}

result<void, failure> trace_reader::finish()
{
    return lines_.finish([this](std::string_view last) -> result<void, failure> {
        const auto read = read_line(last);
        return read ? read : detail::failure_of_last_line(read.error(), last);
    });
}

trace trace_reader::take()
{
    return std::exchange(counts_, trace{});
}

result<void, failure> trace_reader::read_line(std::string_view line)
{
    line_parser parser(line);
    const auto read = parser.run(native_);
    if (!read) {
        return lines_.malformed(parser.problem());
    }
    if (!contradiction_ && contradict(read->call, parser.name())) {
        note_contradiction(read->call, parser.name(), parser.has_arch());
    }
    return add(*read);
}

result<void, failure> trace_reader::add(const trace::line& l)
{
    if (counts_.count(l.call) != 0) {
        return lines_.malformed("syscall " + words_for(l.call, native_) + " stands twice");
    }
    if (counts_.size() == trace::max_distinct) {
        return lines_.failed(error::too_many_syscalls, detail::too_many_words());
    }
    if (l.count > std::numeric_limits<std::uint64_t>::max() - counts_.total()) {
        return lines_.malformed("the sum of all counts has more than 64 bits");
    }
    counts_.add(l.call, l.count);
    return {};
}

void trace_reader::note_contradiction(const syscall_key& call, std::string_view name, bool has_arch)
{
    const std::string_view advice =
        has_arch ? "; one of the three is wrong"
                 : "; if it was recorded on another architecture, name that with --native";
    contradiction_ = lines_.failed(error::other_architecture, meaning_of(call) + ", but the trace calls it " +
                                                                  std::string(name) + std::string(advice));
}

} // namespace sctrace
