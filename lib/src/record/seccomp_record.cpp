#include "text/byte_blocks.hpp"
#include "text/cursor.hpp"
#include "text/json_escapes.hpp"

#include <sctrace/error.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/seccomp_record.hpp>

#include <algorithm>
#include <limits>
#include <type_traits>

namespace sctrace {

namespace {

using detail::cursor;
using encoding = untrusted_string::encoding;

template <class Number>
std::optional<Number> to_number(std::uint64_t magnitude, bool negative) noexcept
{
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
    if (!negative) {
        return magnitude <= largest ? std::optional(static_cast<Number>(magnitude)) : std::nullopt;
    }
    if (magnitude > largest + 1) {
        return std::nullopt;
    }
    return static_cast<Number>(0 - magnitude);
}

bool is_hex_string(std::string_view text) noexcept
{
    const auto is_hex_digit = [](char c) { return detail::hex_value(c) >= 0; };
    return !text.empty() && text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), is_hex_digit);
}

/// The kernel writes these words between quotes where it could not tell the path
/// (kernel/audit.c: audit_log_d_path).
bool is_missing_path(std::string_view text) noexcept
{
    return text == "<no_memory>" || text == "<too_long>";
}

/// Where the label that starts at `label`'s beginning ends.
/**
 * The kernel writes the label without quotes, and it may contain anything. Behind it come `pid=` and
 * `comm=`, and from there on no value contains a space: so the last such pair is the real one.
 */
[[gnu::noinline]] std::size_t label_length(std::string_view label) noexcept
{
    std::size_t length = std::string_view::npos;
    std::size_t at = 0;
    while ((at = detail::find_key_tail(label, at, 'p', 'p')) != std::string_view::npos) {
        cursor in(label.substr(at));
        if (at > 0 && label[at - 1] == ' ' && in.take("pid=") && in.take_decimal() && in.take(" comm=")) {
            length = at - 1;
        }
        ++at;
    }
    return length != std::string_view::npos ? length : detail::find_or_end(label, ' ');
}

enum class syscall_state { missing, cut, malformed, read };

/// Reads the fields of a record's body in one pass.
class field_parser {
public:
    /// `cut`: a value that touches the end of the text may be incomplete and does not count.
    field_parser(const audit_record& record, bool cut, seccomp_record& out) noexcept
        : in_(record.body)
        , out_(out)
        , escapes_(record.escapes)
        , cut_(cut)
    {
    }

    // A reader calls this after each read(2), which leaves the processor's caches cold. So the numbers, the
    // usual case, are read in one piece of code with the place in a register, and the rest stays out of it.

    [[gnu::flatten]] void run() noexcept
    {
        in_.skip_spaces();
        while (!in_.at_end() && !at_last_field_) {
            if (!read_fields_in_usual_order()) {
                finish_field();
            }
        }
    }

    bool reason_is_seccomp() const noexcept { return reason_is_seccomp_; }

    syscall_state syscall() const noexcept
    {
        const bool text_ended = syscall_ == syscall_state::missing && !at_last_field_;
        return text_ended ? syscall_state::cut : syscall_;
    }

private:
    enum field : unsigned {
        auid = 1,
        uid = 2,
        gid = 4,
        ses = 8,
        subj = 16,
        pid = 32,
        comm = 64,
        reason = 128,
        exe = 256,
        sig = 512,
        arch = 1024,
        syscall_number = 2048,
        compat = 4096,
        ip = 8192,
    };

    /// Tries the fields once in the order in which the kernel writes them; false if none was there.
    bool read_fields_in_usual_order() noexcept
    {
        const std::size_t before = in_.size();
        read_decimal_field("auid=", auid, out_.auid);
        read_decimal_field("uid=", uid, out_.uid);
        read_decimal_field("gid=", gid, out_.gid);
        read_decimal_field("ses=", ses, out_.ses);
        if (take_key("subj=", subj)) {
            read_label();
        }
        read_decimal_field("pid=", pid, out_.pid);
        if (take_key("comm=", comm)) {
            read_string(out_.comm);
        }
        if (take_key("reason=", reason)) {
            read_reason();
        }
        if (take_key("exe=", exe)) {
            read_path(out_.exe);
        }
        read_decimal_field("sig=", sig, out_.sig);
        if (take_key("arch=", arch)) {
            read_hex(out_.arch);
        }
        if (take_key("syscall=", syscall_number)) {
            read_syscall();
        }
        read_decimal_field("compat=", compat, out_.compat);
        if (take_key("ip=0x", ip)) {
            read_hex(out_.ip);
        }
        if (in_.take("code=")) {
            read_code();
        }
        return in_.size() != before;
    }

    /// Goes behind the key; false for another key, or for the same one a second time.
    template <std::size_t N>
    bool take_key(const char (&key)[N], field which) noexcept
    {
        if ((seen_ & which) != 0 || !in_.take(key)) {
            return false;
        }
        seen_ |= which;
        return true;
    }

    template <std::size_t N, class Number>
    void read_decimal_field(const char (&key)[N], field which, std::optional<Number>& out) noexcept
    {
        if (!take_key(key, which)) {
            return;
        }
        const bool negative = std::is_signed_v<Number> && in_.take('-');
        const auto magnitude = in_.take_decimal();
        if (magnitude && value_ends()) {
            out = to_number<Number>(*magnitude, negative);
        }
        finish_field();
    }

    bool value_ends() const noexcept { return in_.at_end() ? !cut_ : in_.peek() == ' '; }

    template <class Number>
    void read_hex(std::optional<Number>& out) noexcept
    {
        const auto value = in_.take_hex();
        if (value && value_ends()) {
            out = to_number<Number>(*value, false);
        }
        finish_field();
    }

    void read_syscall() noexcept
    {
        const bool negative = in_.take('-');
        const bool has_digits = detail::is_digit(in_.peek());
        const auto magnitude = in_.take_decimal();
        const auto number = magnitude ? to_number<std::int64_t>(*magnitude, negative) : std::nullopt;
        if (in_.at_end() && (cut_ || !has_digits)) {
            syscall_ = syscall_state::cut;
        } else if (!number || !value_ends()) {
            syscall_ = syscall_state::malformed;
        } else {
            syscall_ = syscall_state::read;
            out_.syscall = *number;
        }
        finish_field();
    }

    /// The kernel writes nothing behind the code; what auditd appends may be glued to it, and its first
    /// letter looks like a hexadecimal digit, but the kernel's digits are lower case.
    void read_code() noexcept
    {
        constexpr std::size_t longest = std::string_view("0x7ffc0000").size();
        at_last_field_ = true;
        const std::size_t before = in_.size();
        if (!in_.take("0x")) {
            return;
        }
        const auto value = in_.take_hex();
        const bool whole = !cut_ || !in_.at_end() || before - in_.size() == longest;
        if (value && whole && code_ends()) {
            out_.code = to_number<std::uint32_t>(*value, false);
        }
    }

    bool code_ends() const noexcept
    {
        constexpr char enrichment_separator = '\x1d';
        return in_.at_end() || in_.peek() == ' ' || in_.peek() == enrichment_separator ||
               in_.rest().starts_with("AUID=");
    }

    void read_label() noexcept
    {
        const std::string_view label = in_.rest().substr(0, label_length(in_.rest()));
        out_.subj = label;
        in_.skip(label.size());
        finish_field();
    }

    void read_reason() noexcept
    {
        untrusted_string value;
        read_string(value);
        reason_is_seccomp_ = value.form == encoding::quoted && value.raw == "seccomp";
    }

    void read_path(untrusted_string& out) noexcept
    {
        read_string(out);
        if (out.form == encoding::quoted && is_missing_path(out.raw)) {
            out.form = encoding::bare;
        }
    }

    [[gnu::noinline]] void read_string(untrusted_string& out) noexcept
    {
        out.escapes = escapes_;
        if (!read_quoted(out)) {
            out.raw = in_.take_until(' ');
            out.form = is_hex_string(out.raw) ? encoding::hex : encoding::bare;
        }
        finish_field();
    }

    /// Goes behind a string in quotes, which in JSON have a backslash in front of them.
    bool read_quoted(untrusted_string& out) noexcept
    {
        const bool json = escapes_ == text_escapes::json;
        cursor in = in_;
        if (json && !in.take('\\')) {
            return false;
        }
        if (!in.take('"')) {
            return false;
        }
        std::string_view raw = in.take_until('"');
        if (!in.take('"') || (!in.at_end() && in.peek() != ' ')) {
            return false;
        }
        if (json && raw.ends_with('\\')) {
            raw.remove_suffix(1);
        }
        out.raw = raw;
        out.form = encoding::quoted;
        in_ = in;
        return true;
    }

    /// Goes to the next field, past what is left of this one.
    void finish_field() noexcept
    {
        if (!in_.take(' ') || in_.peek() == ' ') {
            skip_to_next_field();
        }
    }

    [[gnu::noinline]] void skip_to_next_field() noexcept
    {
        in_.take_until(' ');
        in_.skip_spaces();
    }

    cursor in_;
    seccomp_record& out_;
    text_escapes escapes_;
    bool cut_;
    bool at_last_field_ = false;
    bool reason_is_seccomp_ = false;
    unsigned seen_ = 0;
    syscall_state syscall_ = syscall_state::missing;
};

bool may_be_from_seccomp(audit_type type) noexcept
{
    return type == audit_type::seccomp || type == audit_type::anom_abend;
}

std::optional<error> read_record(const audit_record& record, seccomp_record& out) noexcept
{
    if (!may_be_from_seccomp(record.type)) {
        return error::not_a_seccomp_record;
    }
    out.time = record.time;
    out.serial = record.serial;
    out.escapes = record.escapes;
    field_parser fields(record, record.maybe_cut, out);
    fields.run();
    if (record.type == audit_type::anom_abend && !fields.reason_is_seccomp()) {
        return error::not_a_seccomp_record;
    }
    if (fields.syscall() == syscall_state::cut) {
        return error::truncated_record;
    }
    if (fields.syscall() != syscall_state::read) {
        return error::malformed_record;
    }
    return std::nullopt;
}

std::string_view decode_hex(std::string_view digits, std::span<char> buffer) noexcept
{
    const std::size_t length = std::min(digits.size() / 2, buffer.size());
    for (std::size_t i = 0; i < length; ++i) {
        buffer[i] =
            static_cast<char>(detail::hex_value(digits[2 * i]) << 4 | detail::hex_value(digits[2 * i + 1]));
    }
    return {buffer.data(), length};
}

std::string_view decode_quoted(const untrusted_string& value, std::span<char> buffer) noexcept
{
    switch (value.escapes) {
    case text_escapes::kmsg:
        return unescape_kmsg(value.raw, buffer);
    case text_escapes::json:
        return unescape_json(value.raw, buffer);
    case text_escapes::none:
        break;
    }
    return value.raw;
}

} // namespace

boost::system::result<seccomp_record> parse_seccomp_record(const audit_record& record) noexcept
{
    boost::system::result<seccomp_record> parsed(boost::system::in_place_value);
    if (const auto problem = read_record(record, *parsed)) {
        parsed = *problem;
    }
    return parsed;
}

process_fields parse_process_fields(const audit_record& record) noexcept
{
    seccomp_record out;
    field_parser(record, true, out).run();
    return {out.pid, out.ses};
}

std::string_view decode(const untrusted_string& value, std::span<char> buffer) noexcept
{
    switch (value.form) {
    case encoding::quoted:
        return decode_quoted(value, buffer);
    case encoding::hex:
        return decode_hex(value.raw, buffer);
    case encoding::bare:
    case encoding::absent:
        break;
    }
    return value.raw;
}

std::string decoded(const untrusted_string& value)
{
    std::string buffer(value.raw.size(), '\0');
    return std::string(decode(value, buffer));
}

std::string_view seccomp_action_name(std::uint32_t code) noexcept
{
    switch (code & 0xffff0000U) {
    case 0x80000000U:
        return "kill_process";
    case 0x00000000U:
        return "kill_thread";
    case 0x00030000U:
        return "trap";
    case 0x00050000U:
        return "errno";
    case 0x7fc00000U:
        return "user_notif";
    case 0x7ff00000U:
        return "trace";
    case 0x7ffc0000U:
        return "log";
    case 0x7fff0000U:
        return "allow";
    default:
        return {};
    }
}

bool is_refusal(std::optional<std::uint32_t> code) noexcept
{
    constexpr std::uint32_t action_bits = 0xffff0000;
    constexpr std::uint32_t log = 0x7ffc0000;
    constexpr std::uint32_t allow = 0x7fff0000;
    return !code || ((*code & action_bits) != log && (*code & action_bits) != allow);
}

} // namespace sctrace
