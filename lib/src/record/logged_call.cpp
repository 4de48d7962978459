#include "record/logged_call.hpp"

#include "text/byte_blocks.hpp"
#include "text/cursor.hpp"

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
bool skip_string(cursor& in) noexcept
{
    if (in.take('"')) {
        in.take_until('"');
        return in.take('"') && in.peek() == ' ';
    }
    in.take_until(' ');
    return !in.at_end();
}

/// A security label; whether it was one word only shows behind it, see may_belong_to_label().
bool take_label(cursor& in, bool& labelled) noexcept
{
    labelled = in.take(" subj=");
    if (labelled) {
        in.take_until(' ');
    }
    return !in.at_end();
}

/// A label that contains spaces can pretend to be other fields; then the real ones are still to come.
bool may_belong_to_label(std::string_view behind_pid) noexcept
{
    std::size_t at = 0;
    while ((at = find_key_tail(behind_pid, at, 'p', 'p')) != std::string_view::npos) {
        if (at > 0 && behind_pid.substr(at - 1).starts_with(" pid=")) {
            return true;
        }
        ++at;
    }
    return false;
}

bool read_ids(cursor& in, logged_call& call, bool& labelled) noexcept
{
    if (!in.take("auid=") || !in.skip_decimal() || !in.take(" uid=") || !in.skip_decimal() ||
        !in.take(" gid=") || !in.skip_decimal() || !in.take(" ses=")) {
        return false;
    }
    call.ses = in.take_decimal();
    if (!call.ses || !take_label(in, labelled) || !in.take(" pid=")) {
        return false;
    }
    const auto pid = in.take_decimal();
    if (!pid || !fits<std::int32_t>(*pid)) {
        return false;
    }
    call.pid = static_cast<std::int32_t>(*pid);
    return true;
}

bool read_arch(cursor& in, logged_call& call) noexcept
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
bool read_beginning(cursor& in, logged_call& call, bool& labelled) noexcept
{
    if (!read_ids(in, call, labelled) || (labelled && may_belong_to_label(in.rest()))) {
        return false;
    }
    return in.take(" comm=") && skip_string(in) && in.take(" exe=") && skip_string(in) && read_arch(in, call);
}

/// From the fields behind the number of a call.
bool shows_refusal(std::string_view fields) noexcept
{
    // By far the most frequent one, and the kernel writes nothing behind it.
    if (fields.ends_with(" code=0x7ffc0000")) {
        return false;
    }
    constexpr std::string_view key = " code=0x";
    const std::size_t at = fields.find(key);
    if (at == std::string_view::npos) {
        return true;
    }
    cursor in(fields.substr(at + key.size()));
    const auto code = in.take_hex();
    return !code || *code > std::numeric_limits<std::uint32_t>::max() ||
           is_refusal(static_cast<std::uint32_t>(*code));
}

/// The number, and what seccomp did with the call.
bool read_number(cursor& in, logged_call& call) noexcept
{
    const auto number = in.take_decimal();
    // Negative numbers are rare; one that ends the text may have been cut.
    if (!number || !fits<std::int64_t>(*number) || in.peek() != ' ') {
        return false;
    }
    call.syscall = static_cast<std::int64_t>(*number);
    call.refused = shows_refusal(in.rest());
    return true;
}

/// In the exact order of the fields of kernels since 3.16, and whole.
bool may_be_usual(const audit_record& record) noexcept
{
    return record.type == audit_type::seccomp && record.escapes != text_escapes::json && !record.maybe_cut;
}

struct usual_beginning {
    std::size_t length = 0;
    bool labelled = false;
};

// Flattened, so that the place in the text stays in a register from field to field.
[[gnu::flatten]] bool read_usual(std::string_view body, logged_call& call,
                                 usual_beginning& beginning) noexcept
{
    cursor in(body);
    if (!read_beginning(in, call, beginning.labelled)) {
        return false;
    }
    beginning.length = body.size() - in.size();
    return read_number(in, call);
}

boost::system::result<logged_call> read_whole(const audit_record& record) noexcept
{
    const auto whole = parse_seccomp_record(record);
    if (!whole) {
        return whole.error();
    }
    return logged_call{whole->pid, whole->ses, whole->arch, whole->syscall, is_refusal(whole->code)};
}

} // namespace

boost::system::result<logged_call> logged_call_reader::read(const audit_record& record) noexcept
{
    if (!may_be_usual(record)) {
        return read_whole(record);
    }
    const bool looks_up = is_worth_a_look();
    if (const beginning* const known = looks_up ? find(record.body) : nullptr) {
        misses_ = 0;
        logged_call call = known->call;
        const std::string_view rest = record.body.substr(known->length);
        cursor in(rest);
        if (read_number(in, call) && !(known->labelled && may_belong_to_label(rest))) {
            return call;
        }
        return read_whole(record);
    }
    logged_call call;
    usual_beginning usual;
    if (!read_usual(record.body, call, usual)) {
        return read_whole(record);
    }
    ++misses_;
    if (looks_up) {
        remember(record.body.substr(0, usual.length), call, usual.labelled);
    }
    return call;
}

/// Among records of many threads each has another beginning: then only some try to find theirs.
bool logged_call_reader::is_worth_a_look() const noexcept
{
    constexpr unsigned many = 32;
    constexpr unsigned seldom = 32;
    return misses_ < many || misses_ % seldom < max_beginnings;
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

void logged_call_reader::remember(std::string_view text, const logged_call& call, bool labelled) noexcept
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
    forgotten.labelled = labelled;
}

} // namespace sctrace::detail
