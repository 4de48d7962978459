#include "trace/call_members.hpp"

#include <sctrace/event_reader.hpp>

#include <limits>
#include <utility>

namespace sctrace {

using boost::system::result;

result<event_line, failure> parse_event_line(std::string_view line, architecture native)
{
    const auto read = detail::read_call_members(line, detail::call_line_kind::event, native);
    if (!read) {
        return read.error();
    }
    return event_line{read->call, read->count, read->permitted};
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
    return lines_.finish(
        [this](std::string_view last) { return detail::note_if_cut(read_line(last), last); });
}

counted_events event_reader::take()
{
    return std::exchange(counts_, counted_events{});
}

result<void, failure> event_reader::read_line(std::string_view line)
{
    const auto read = parse_event_line(line, native_);
    return read ? add(*read) : lines_.malformed(read.error().message);
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
