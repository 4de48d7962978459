#include "scan.hpp"

#include <sctrace/detail/logged_call.hpp>
#include <sctrace/seccomp_record.hpp>

#include <limits>

namespace sctrace::detail {

namespace {

template <class Number>
bool fits(std::uint64_t value) noexcept
{
    return value <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
}

/// A string between quotes or in hexadecimal digits.
bool skip_string(scan::reader& in) noexcept
{
    if (in.take('"')) {
        in.take_until('"');
        return in.take('"') && in.peek() == ' ';
    }
    in.take_until(' ');
    return !in.at_end();
}

bool read_ids(scan::reader& in, logged_call& call) noexcept
{
    if (!in.take("auid=") || !in.skip_decimal() || !in.take(" uid=") || !in.skip_decimal() ||
        !in.take(" gid=") || !in.skip_decimal() || !in.take(" ses=")) {
        return false;
    }
    call.ses = in.take_decimal();
    if (!call.ses || !in.take(" pid=")) {
        return false;
    }
    const auto pid = in.take_decimal();
    if (!pid || !fits<std::int32_t>(*pid)) {
        return false;
    }
    call.pid = static_cast<std::int32_t>(*pid);
    return true;
}

bool read_call(scan::reader& in, logged_call& call) noexcept
{
    if (!in.take(" sig=") || !in.skip_decimal() || !in.take(" arch=")) {
        return false;
    }
    const auto arch = in.take_hex();
    if (!arch || !fits<std::uint32_t>(*arch) || !in.take(" syscall=")) {
        return false;
    }
    call.arch = static_cast<std::uint32_t>(*arch);
    const auto number = in.take_decimal();
    // Negative numbers are rare; one that ends the text may have been cut.
    if (!number || !fits<std::int64_t>(*number) || in.peek() != ' ') {
        return false;
    }
    call.syscall = static_cast<std::int64_t>(*number);
    return true;
}

// Flattened, so that the place in the text stays in a register from field to field.
[[gnu::flatten]] bool read_usual(std::string_view body, logged_call& call) noexcept
{
    scan::reader in(body);
    return read_ids(in, call) && in.take(" comm=") && skip_string(in) && in.take(" exe=") &&
           skip_string(in) && read_call(in, call);
}

} // namespace

boost::system::result<logged_call> parse_logged_call(const audit_record& record) noexcept
{
    boost::system::result<logged_call> parsed(boost::system::in_place_value);
    const bool usual = record.type == audit_type::seccomp && record.escapes != text_escapes::json;
    if (usual && read_usual(record.body, *parsed)) {
        return parsed;
    }
    const auto whole = parse_seccomp_record(record);
    if (whole) {
        *parsed = {whole->pid, whole->ses, whole->arch, whole->syscall};
    } else {
        parsed = whole.error();
    }
    return parsed;
}

} // namespace sctrace::detail
