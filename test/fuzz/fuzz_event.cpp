#include "fuzz_check.hpp"

#include <sctrace/event.hpp>
#include <sctrace/log_line.hpp>

#include <boost/json/parse.hpp>

#include <string>

using sctrace::test::check;

/// Boost.JSON refuses both what is no JSON and what is no UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto record = sctrace::parse_seccomp_line(sctrace::test::text_of(data, size));
    if (!record) {
        return 0;
    }
    const std::string event = sctrace::to_event(*record);
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(event, failed);
    check(!failed && parsed.is_object());
    check(parsed.get_object().at("syscall").to_number<std::int64_t>() == record->syscall);
    check(parsed.get_object().contains("comm") == record->comm.present());
    check(parsed.get_object().contains("exe") == record->exe.present());
    return 0;
}
