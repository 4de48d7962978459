#include "text/json_line.hpp"
#include "trace/named_call.hpp"

#include <sctrace/event_reader.hpp>

#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace sctrace {

namespace {

using boost::system::result;
using detail::quoted;

constexpr std::string_view no_object =
    "no JSON object; an event reads {…,\"arch\":\"x86_64\",\"syscall\":0,\"name\":\"read\",…}";

/// Reads the object of one event.
class event_parser {
public:
    explicit event_parser(std::string_view line) noexcept
        : in_(line)
    {
    }

    /// Empty if the line is malformed; problem() then says why.
    std::optional<event_line> run(architecture native)
    {
        const bool read = in_.read_object(
            no_object, [this](std::string_view key) { return accept(key); }, [this] { return read_value(); });
        if (!read || !has_syscall()) {
            return std::nullopt;
        }
        const auto call = detail::call_of(in_, arch_, number_, native);
        return call ? std::optional(event_line{*call, count_, permitted_}) : std::nullopt;
    }

    const std::string& problem() const noexcept { return in_.problem(); }

private:
    enum member : unsigned {
        ignored = 0,
        syscall = 1,
        arch = 2,
        action = 4,
        count = 8,
    };

    static member member_of(std::string_view key) noexcept
    {
        if (key == "syscall") {
            return syscall;
        }
        if (key == "arch") {
            return arch;
        }
        if (key == "action") {
            return action;
        }
        return key == "count" ? count : ignored;
    }

    bool accept(std::string_view key)
    {
        current_ = member_of(key);
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
        case arch:
            return detail::read_arch(in_, arch_);
        case action:
            return read_action();
        case count:
            return in_.read_count(count_);
        case ignored:
            break;
        }
        return in_.skip_value();
    }

    bool read_action()
    {
        if (in_.peek() != '"') {
            return in_.fail_at("\"action\" must be a string");
        }
        std::string_view value;
        std::string buffer;
        if (!in_.read_plain_string("\"action\"", value, buffer)) {
            return false;
        }
        permitted_ = value == "log" || value == "allow";
        return true;
    }

    bool has_syscall() { return (seen_ & syscall) != 0 || in_.fail("\"syscall\" is missing"); }

    detail::json_line in_;
    unsigned seen_ = ignored;
    member current_ = ignored;
    std::int64_t number_ = 0;
    std::uint64_t count_ = 1;
    std::optional<architecture> arch_;
    bool permitted_ = false;
};

} // namespace

result<event_line, failure> parse_event_line(std::string_view line, architecture native)
{
    event_parser parser(line);
    const auto read = parser.run(native);
    if (!read) {
        return failure{error::malformed_event, parser.problem()};
    }
    return *read;
}

event_reader::event_reader(architecture native) noexcept
    : native_(native)
    , lines_(max_line, error::malformed_event, "no event")
{
}

result<void, failure> event_reader::feed(std::string_view bytes)
{
    return lines_.feed(bytes, [this](std::string_view line) { return read_line(line); });
}

result<void, failure> event_reader::finish()
{
    return lines_.finish([this](std::string_view last) -> result<void, failure> {
        const auto read = read_line(last);
        return read ? read : detail::failure_of_last_line(read.error(), last);
    });
}

counted_events event_reader::take()
{
    return std::exchange(counts_, counted_events{});
}

result<void, failure> event_reader::read_line(std::string_view line)
{
    event_parser parser(line);
    const auto read = parser.run(native_);
    return read ? add(*read) : lines_.malformed(parser.problem());
}

result<void, failure> event_reader::add(const event_line& event)
{
    const std::uint64_t total = counts_.permitted.total() + counts_.denied.total();
    if (event.count > std::numeric_limits<std::uint64_t>::max() - total) {
        return lines_.malformed("the sum of all counts has more than 64 bits");
    }
    trace& counts = event.permitted ? counts_.permitted : counts_.denied;
    counts.add(event.call, event.count);
    if (counts.left_out() != 0) {
        return lines_.failed(error::too_many_syscalls, detail::too_many_words());
    }
    return {};
}

} // namespace sctrace
