#include "fuzz_check.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_line.hpp>

using sctrace::error;
using sctrace::test::check;
using sctrace::test::is_inside;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input = sctrace::test::text_of(data, size);
    const auto line = sctrace::parse_log_line(input);
    const auto record = sctrace::parse_seccomp_line(input);
    check(line.has_value() || !record.has_value());
    if (line) {
        check(is_inside(line->text, input));
        check(input.starts_with(line->prefix));
        check(line->prefix.size() + line->text.size() <= size);
    }
    if (record) {
        check(is_inside(record->comm.raw, input) && is_inside(record->exe.raw, input));
    }
    const auto notice = sctrace::parse_loss_line(input);
    check(notice || notice.error() == error::not_a_loss_notice);
    return 0;
}
