#include "fuzz_check.hpp"

#include <sctrace/event_reader.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <string>

using sctrace::architecture;
using sctrace::event_reader;
using sctrace::test::check;

namespace {

const architecture x86_64(0xc000003e);

struct outcome {
    sctrace::counted_events counts;
    std::string problem;
    std::uint64_t line = 0;
};

boost::system::result<void, sctrace::failure> feed_all(event_reader& reader, std::string_view text,
                                                       std::size_t piece)
{
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (auto fed = reader.feed(text.substr(at, piece)); !fed) {
            return fed;
        }
    }
    return reader.finish();
}

outcome read(std::string_view text, std::size_t piece)
{
    event_reader reader(x86_64);
    outcome result;
    if (const auto fed = feed_all(reader, text, piece); !fed) {
        result.problem = fed.error().message;
    }
    result.line = reader.line();
    result.counts = reader.take();
    return result;
}

std::string text_of(const outcome& o)
{
    return sctrace::to_ndjson(o.counts.permitted, x86_64) + '\n' +
           sctrace::to_ndjson(o.counts.denied, x86_64);
}

/// What is read as an event is JSON for Boost.JSON too, with the same call.
void check_line(std::string_view line)
{
    const auto event = sctrace::parse_event_line(line, x86_64);
    if (!event) {
        return;
    }
    boost::system::error_code failed;
    boost::json::parse_options options;
    options.max_depth = 64;
    const auto value = boost::json::parse(line, failed, {}, options);
    check(!failed && value.is_object());
    check(value.get_object().at("syscall").to_number<std::int64_t>() == event->call.number);
}

} // namespace

/// The first byte of the input is the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    const std::string_view text = sctrace::test::text_of(data + 1, size - 1);
    const outcome whole = read(text, text.size() + 1);
    const outcome parts = read(text, std::max<std::size_t>(data[0], 1));
    check(whole.problem == parts.problem && whole.line == parts.line);
    check(text_of(whole) == text_of(parts));
    check_line(text.substr(0, text.find('\n')));
    return 0;
}
