#include "text/json_escapes.hpp"
#include "text/quote.hpp"

#include <sctrace/event.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/syscall_names.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace sctrace {

namespace {

using detail::append_json_string;

// A program may call any numbers, so that the names that are kept need a limit.
constexpr std::size_t most_known_calls = 4096;
constexpr std::uint32_t action_bits = 0xffff0000;

/// Collects short members, so that the output grows once for several of them.
/**
 * Whoever uses it writes no more than fits: five integers with their keys, or what stands behind the call.
 */
class short_text {
public:
    template <std::size_t N>
    void add(const char (&words)[N]) noexcept
    {
        std::memcpy(end_, static_cast<const char*>(words), N - 1);
        end_ += N - 1;
    }

    void add_word(std::string_view word) noexcept { end_ += word.copy(end_, space()); }

    template <class Number>
    void add_number(Number number) noexcept
    {
        end_ = std::to_chars(end_, end_ + space(), number).ptr;
    }

    /// `0x…` between quotes.
    void add_hex(std::uint64_t number) noexcept
    {
        add("\"0x");
        end_ = std::to_chars(end_, end_ + space(), number, 16).ptr;
        add("\"");
    }

    // Each member brings the comma in front of it; the object's brace takes the place of the first one.
    template <std::size_t N, class Number>
    void add_member(const char (&key)[N], const std::optional<Number>& value) noexcept
    {
        if (value) {
            add(key);
            add_number(*value);
        }
    }

    std::string_view view() const noexcept { return {text_.data(), text_.size() - space()}; }

private:
    std::size_t space() const noexcept
    {
        return static_cast<std::size_t>(text_.data() + text_.size() - end_);
    }

    std::array<char, 256> text_;
    char* end_ = text_.data();
};

void append_hex_digits(std::string& out, std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    out += '"';
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 0xfU];
    }
    out += '"';
}

/// Makes room for the result of undoing a text's escapes, which is never longer than the text.
std::span<char> space_for(std::string_view text, std::string& buffer)
{
    if (buffer.size() < text.size()) {
        buffer.resize(text.size());
    }
    return buffer;
}

void append_untrusted(std::string& out, std::string_view key, std::string_view hex_key,
                      const untrusted_string& value, std::string& buffer)
{
    if (!value.present()) {
        return;
    }
    const std::string_view bytes = decode(value, space_for(value.raw, buffer));
    out += key;
    if (!append_json_string(out, bytes)) {
        out += hex_key;
        append_hex_digits(out, bytes);
    }
}

/// A label may hold any character, so that, other than in decode(), all of JSON's escapes count.
std::string_view unescaped_label(std::string_view label, text_escapes escapes, std::string& buffer)
{
    if (escapes == text_escapes::none) {
        return label;
    }
    const std::span<char> space = space_for(label, buffer);
    return escapes == text_escapes::kmsg ? unescape_kmsg(label, space) : unescape_json(label, space);
}

void append_label(std::string& out, const seccomp_record& record, std::string& buffer)
{
    if (record.subj) {
        out += ",\"subj\":";
        append_json_string(out, unescaped_label(*record.subj, record.escapes, buffer));
    }
}

void append_ids(std::string& out, const seccomp_record& record)
{
    short_text text;
    text.add_member(",\"serial\":", record.serial);
    text.add_member(",\"auid\":", record.auid);
    text.add_member(",\"uid\":", record.uid);
    text.add_member(",\"gid\":", record.gid);
    text.add_member(",\"ses\":", record.ses);
    out += text.view();
}

template <std::size_t N, class Number>
void append_member(std::string& out, const char (&key)[N], const std::optional<Number>& value)
{
    short_text text;
    text.add_member(key, value);
    out += text.view();
}

void add_action(short_text& text, std::uint32_t code) noexcept
{
    text.add(",\"code\":");
    text.add_hex(code);
    text.add(",\"action\":");
    const std::string_view name = seccomp_action_name(code);
    if (name.empty()) {
        text.add_hex(code & action_bits);
        return;
    }
    text.add("\"");
    text.add_word(name);
    text.add("\"");
}

void append_circumstances(std::string& out, const seccomp_record& record)
{
    short_text text;
    text.add_member(",\"compat\":", record.compat);
    if (record.ip) {
        text.add(",\"ip\":");
        text.add_hex(*record.ip);
    }
    if (record.code) {
        add_action(text, *record.code);
    }
    text.add("}");
    out += text.view();
}

std::string call_members(const syscall_key& call)
{
    std::string members = ",\"arch\":";
    append_json_string(members, call.arch.display_name());
    members += ",\"syscall\":";
    members += std::to_string(call.number);
    members += ",\"name\":";
    if (const auto name = syscall_name(call.arch, call.number)) {
        append_json_string(members, *name);
    } else {
        members += "null";
    }
    return members;
}

} // namespace

void event_writer::append(std::string& out, const seccomp_record& record)
{
    const std::size_t begin = out.size();
    if (!record.time.empty()) {
        out += ",\"time\":";
        append_json_string(out, record.time);
    }
    append_ids(out, record);
    append_label(out, record, buffer_);
    append_member(out, ",\"pid\":", record.pid);
    append_untrusted(out, ",\"comm\":", ",\"comm_hex\":", record.comm, buffer_);
    append_untrusted(out, ",\"exe\":", ",\"exe_hex\":", record.exe, buffer_);
    append_member(out, ",\"sig\":", record.sig);
    append_call(out, record);
    append_circumstances(out, record);
    out[begin] = '{';
}

void event_writer::append_call(std::string& out, const seccomp_record& record)
{
    if (record.arch) {
        out += members_of({architecture::of_call(*record.arch, record.syscall), record.syscall});
        return;
    }
    out += ",\"syscall\":";
    out += std::to_string(record.syscall);
    out += ",\"name\":null";
}

const std::string& event_writer::members_of(const syscall_key& call)
{
    const auto known = calls_.find(call);
    if (known != calls_.end()) {
        return known->second;
    }
    if (calls_.size() >= most_known_calls) {
        calls_.clear();
    }
    return calls_.emplace(call, call_members(call)).first->second;
}

std::size_t event_writer::call_hash::operator()(const syscall_key& call) const noexcept
{
    // x32 and x86_64 share their audit_arch(), and their calls differ in number.
    const auto bits = static_cast<std::uint64_t>(call.number) ^ std::uint64_t{call.arch.audit_arch()} << 32;
    return static_cast<std::size_t>(bits * 0x9e3779b97f4a7c15U >> 16);
}

std::string to_event(const seccomp_record& record)
{
    std::string event;
    event_writer().append(event, record);
    return event;
}

} // namespace sctrace
