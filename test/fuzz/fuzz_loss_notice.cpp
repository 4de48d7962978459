#include "fuzz_check.hpp"

#include <sctrace/error.hpp>
#include <sctrace/loss_notice.hpp>

using sctrace::error;
using sctrace::test::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto notice = sctrace::parse_loss_notice(sctrace::test::text_of(data, size));
    if (notice) {
        check(notice->what != sctrace::loss_notice::kind::audit_overflow || notice->count == 0);
    } else {
        check(notice.error() == error::not_a_loss_notice);
    }
    return 0;
}
