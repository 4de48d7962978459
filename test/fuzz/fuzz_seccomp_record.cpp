#include "fuzz_check.hpp"
#include "record/logged_call.hpp"

#include <sctrace/error.hpp>
#include <sctrace/seccomp_record.hpp>

#include <string>
#include <vector>

using sctrace::error;
using sctrace::test::check;
using sctrace::test::is_inside;

namespace {

void check_string(const sctrace::untrusted_string& value, std::string_view input)
{
    check(is_inside(value.raw, input));
    std::vector<char> buffer(value.raw.size());
    check(sctrace::decode(value, buffer) == sctrace::decoded(value));
}

void check_call(const sctrace::audit_record& record,
                const boost::system::result<sctrace::detail::logged_call>& call)
{
    const auto parsed = sctrace::parse_seccomp_record(record);
    check(parsed.has_value() == call.has_value());
    if (parsed) {
        check(call->pid == parsed->pid && call->ses == parsed->ses && call->arch == parsed->arch);
        check(call->syscall == parsed->syscall);
    } else {
        check(call.error() == parsed.error());
    }
}

/// The short way of counting must read what the whole parser reads, also from a record that begins alike.
void check_calls(sctrace::audit_record record)
{
    sctrace::detail::logged_call_reader reader;
    check_call(record, reader.read(record));
    check_call(record, reader.read(record));
    const std::string_view whole = record.body;
    for (const std::size_t part : {7U, 6U, 5U, 4U}) {
        record.body = whole.substr(0, whole.size() * part / 8);
        check_call(record, reader.read(record));
    }
    if (const auto number = whole.find(" syscall="); number != std::string_view::npos) {
        const std::string other = std::string(whole.substr(0, number)) + " syscall=77" +
                                  std::string(whole.substr(number + std::string_view(" syscall=").size()));
        record.body = other;
        check_call(record, reader.read(record));
    }
}

void check_fields(const sctrace::audit_record& record)
{
    const auto parsed = sctrace::parse_seccomp_record(record);
    const auto process = sctrace::parse_process_fields(record);
    if (!parsed) {
        check(parsed.error() == error::truncated_record || parsed.error() == error::malformed_record ||
              parsed.error() == error::not_a_seccomp_record);
        return;
    }
    check_string(parsed->comm, record.body);
    check_string(parsed->exe, record.body);
    check(is_inside(parsed->subj.value_or(""), record.body));
    check(!process.pid || process.pid == parsed->pid);
    check(!process.ses || process.ses == parsed->ses);
}

} // namespace

/// The first byte of the input chooses the type, the escapes and whether the text may be cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    sctrace::audit_record record;
    record.type = (data[0] & 1) != 0 ? sctrace::audit_type::anom_abend : sctrace::audit_type::seccomp;
    record.maybe_cut = (data[0] & 2) != 0;
    record.escapes = (data[0] & 4) != 0 ? sctrace::text_escapes::json : sctrace::text_escapes::kmsg;
    record.body = sctrace::test::text_of(data + 1, size - 1);
    check_fields(record);
    check_calls(record);
    return 0;
}
