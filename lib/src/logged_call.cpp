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

bool read_arch(scan::reader& in, logged_call& call) noexcept
{
    if (!in.take(" sig=") || !in.skip_decimal() || !in.take(" arch=")) {
        return false;
    }
    const auto arch = in.take_hex();
    if (!arch || !fits<std::uint32_t>(*arch) || !in.take(" syscall=")) {
        return false;
    }
    call.arch = static_cast<std::uint32_t>(*arch);
    return true;
}

/// Everything up to the number of the call.
bool read_beginning(scan::reader& in, logged_call& call) noexcept
{
    return read_ids(in, call) && in.take(" comm=") && skip_string(in) && in.take(" exe=") &&
           skip_string(in) && read_arch(in, call);
}

bool read_number(scan::reader& in, logged_call& call) noexcept
{
    const auto number = in.take_decimal();
    // Negative numbers are rare; one that ends the text may have been cut.
    if (!number || !fits<std::int64_t>(*number) || in.peek() != ' ') {
        return false;
    }
    call.syscall = static_cast<std::int64_t>(*number);
    return true;
}

/// In the exact order of the fields of kernels since 3.16.
bool may_be_usual(const audit_record& record) noexcept
{
    return record.type == audit_type::seccomp && record.escapes != text_escapes::json;
}

// Flattened, so that the place in the text stays in a register from field to field.
[[gnu::flatten]] bool read_usual(std::string_view body, logged_call& call, std::size_t& beginning) noexcept
{
    scan::reader in(body);
    if (!read_beginning(in, call)) {
        return false;
    }
    beginning = body.size() - in.size();
    return read_number(in, call);
}

boost::system::result<logged_call> read_whole(const audit_record& record) noexcept
{
    const auto whole = parse_seccomp_record(record);
    if (!whole) {
        return whole.error();
    }
    return logged_call{whole->pid, whole->ses, whole->arch, whole->syscall};
}

} // namespace

boost::system::result<logged_call> logged_call_reader::read(const audit_record& record) noexcept
{
    if (!may_be_usual(record)) {
        return read_whole(record);
    }
    if (const beginning* const known = find(record.body)) {
        logged_call call = known->call;
        scan::reader in(record.body.substr(known->length));
        if (read_number(in, call)) {
            return call;
        }
        return read_whole(record);
    }
    logged_call call;
    std::size_t length = 0;
    if (!read_usual(record.body, call, length)) {
        return read_whole(record);
    }
    remember(record.body.substr(0, length), call);
    return call;
}

const logged_call_reader::beginning* logged_call_reader::find(std::string_view body) noexcept
{
    if (known_[newest_].length != 0 && body.starts_with(known_[newest_].view())) {
        return &known_[newest_];
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
        if (known_[i].length != 0 && body.starts_with(known_[i].view())) {
            newest_ = i;
            return &known_[i];
        }
    }
    return nullptr;
}

void logged_call_reader::remember(std::string_view text, const logged_call& call) noexcept
{
    if (text.size() > max_length) {
        return;
    }
    beginning& forgotten = known_[oldest_];
    newest_ = oldest_;
    oldest_ = (oldest_ + 1) % known_.size();
    text.copy(forgotten.text.data(), text.size());
    forgotten.length = text.size();
    forgotten.call = call;
}

} // namespace sctrace::detail
