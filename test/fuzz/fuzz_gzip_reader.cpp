#include "fuzz_check.hpp"
#include "log/gzip_reader.hpp"

#include <algorithm>
#include <string>
#include <vector>

using sctrace::error;
using sctrace::detail::gzip_reader;
using sctrace::test::check;

namespace {

/// A bomb is not read to its end.
constexpr std::size_t enough = 1 << 20;

struct outcome {
    std::string text;
    boost::system::error_code end;
};

outcome read_in_pieces(std::string_view bytes, std::size_t in_size, std::size_t out_size)
{
    gzip_reader reader;
    outcome read;
    std::vector<char> out(out_size);
    for (std::size_t at = 0; at < bytes.size(); at += in_size) {
        std::span<const char> rest(bytes.substr(at, in_size));
        for (bool filled = true; filled || !rest.empty();) {
            const auto step = reader.inflate(rest, out);
            if (!step) {
                read.end = step.error().code;
                return read;
            }
            check(step->consumed <= rest.size() && step->produced <= out.size());
            read.text.append(out.data(), step->produced);
            rest = rest.subspan(step->consumed);
            filled = step->produced == out.size();
            if (read.text.size() >= enough) {
                return {read.text.substr(0, enough), {}};
            }
        }
    }
    const auto end = reader.finish();
    check(end.has_value() == reader.at_member_end());
    if (!end) {
        read.end = end.error().code;
    }
    return read;
}

} // namespace

/// The first two bytes are the sizes of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) {
        return 0;
    }
    const std::string_view input = sctrace::test::text_of(data + 2, size - 2);
    const auto whole = read_in_pieces(input, input.size() + 1, 64 * 1024);
    const auto pieces =
        read_in_pieces(input, std::max<std::size_t>(data[0], 1), std::max<std::size_t>(data[1], 1));
    check(whole.text == pieces.text && whole.end == pieces.end);
    check(!whole.end || whole.end == error::damaged_gzip || whole.end == error::truncated_gzip);
    return 0;
}
