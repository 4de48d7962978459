#include "trace/call_members.hpp"

#include <sctrace/syscall_names.hpp>
#include <sctrace/trace_reader.hpp>

#include <limits>
#include <utility>

namespace sctrace {

namespace {

using boost::system::result;
using detail::call_line_kind;

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
    const auto read = detail::read_call_members(line, call_line_kind::trace, native);
    if (!read) {
        return read.error();
    }
    return trace::line{read->call, read->count};
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
    return lines_.finish(
        [this](std::string_view last) { return detail::note_if_cut(read_line(last), last); });
}

trace trace_reader::take()
{
    return std::exchange(counts_, trace{});
}

result<void, failure> trace_reader::read_line(std::string_view line)
{
    const auto read = detail::read_call_members(line, call_line_kind::trace, native_);
    if (!read) {
        return lines_.malformed(read.error().message);
    }
    if (!contradiction_ && contradict(read->call, read->name)) {
        note_contradiction(read->call, read->name, read->has_arch);
    }
    return add({read->call, read->count});
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
    const std::string contradiction = meaning_of(call) + ", but the trace calls it " + std::string(name);
    contradiction_ =
        has_arch ? lines_.failed(error::other_architecture, contradiction + "; one of the three is wrong")
                 : lines_.failed(error::other_architecture,
                                 contradiction + "; if it was recorded on another architecture, name that",
                                 advice::name_native);
}

} // namespace sctrace
