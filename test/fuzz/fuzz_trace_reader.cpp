#include "fuzz_check.hpp"

#include <sctrace/trace_reader.hpp>

#include <algorithm>
#include <optional>
#include <string>

using sctrace::architecture;
using sctrace::trace_reader;
using sctrace::test::check;

namespace {

const architecture x86_64(0xc000003e);

struct outcome {
    sctrace::trace counts;
    std::string problem;
    std::uint64_t line = 0;
};

boost::system::result<void, sctrace::failure> feed_all(trace_reader& reader, std::string_view text,
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
    trace_reader reader(x86_64);
    outcome result;
    if (const auto fed = feed_all(reader, text, piece); !fed) {
        result.problem = fed.error().message;
    }
    result.line = reader.line();
    result.counts = reader.take();
    return result;
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
    const std::string written = sctrace::to_ndjson(whole.counts, x86_64);
    check(whole.problem == parts.problem && whole.line == parts.line);
    check(written == sctrace::to_ndjson(parts.counts, x86_64));

    const outcome again = read(written, written.size() + 1);
    check(again.problem.empty() && again.counts.total() == whole.counts.total());
    check(sctrace::to_ndjson(again.counts, x86_64) == written);
    return 0;
}
