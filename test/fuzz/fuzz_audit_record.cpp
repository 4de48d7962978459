#include "fuzz_check.hpp"

#include <sctrace/audit_record.hpp>

using sctrace::test::check;
using sctrace::test::is_inside;

namespace {

void check_record(const boost::system::result<sctrace::audit_record>& record, std::string_view input)
{
    if (!record) {
        return;
    }
    check(is_inside(record->body, input));
    check(is_inside(record->time, input));
    check(!record->time.empty());
    check(!record->body.ends_with('\n'));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input = sctrace::test::text_of(data, size);
    check_record(sctrace::parse_audit_record(input), input);
    check_record(sctrace::parse_audit_payload(sctrace::audit_type::seccomp, input), input);
    return 0;
}
