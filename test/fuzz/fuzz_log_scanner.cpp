#include "common/line_by_line.hpp"
#include "fuzz_check.hpp"

#include <array>
#include <string>

using sctrace::log_format;
using sctrace::test::check;

namespace {

constexpr std::array formats{log_format::automatic, log_format::kmsg,    log_format::dmesg,
                             log_format::syslog,    log_format::journal, log_format::audit};

} // namespace

/// The first byte is the format and where the text lies in memory.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    const std::string_view text = sctrace::test::text_of(data + 1, size - 1);
    const log_format wanted = formats[data[0] % formats.size()];
    const bool nul_separated = text.find('\0') != std::string_view::npos;
    sctrace::test::line_by_line lines(wanted);
    const auto expected = lines.read(text, nul_separated);
    sctrace::test::text_to_scan copy(text, data[0] / formats.size());
    const auto batch = sctrace::test::scanned(copy, wanted, nul_separated);
    check(lines.met_doubtful_line() || sctrace::test::said_by(batch) == expected);
    return 0;
}
