#include "event_text.hpp"

#include <sctrace/log_time.hpp>
#include <sctrace/syscall_names.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string_view>

namespace asio_sctrace {

namespace {

constexpr std::size_t pid_width = 7;
// A thread's name has 15 bytes at most.
constexpr std::size_t comm_width = 15;
constexpr std::size_t call_width = 24;
// A program may call any numbers, so that the names that are kept need a limit.
constexpr std::size_t most_known_calls = 4096;

std::string clock_time(std::string_view record_time)
{
    using namespace std::chrono;
    const auto when = sctrace::parse_record_time(record_time);
    if (!when) {
        return "?";
    }
    const auto second = floor<seconds>(*when);
    const auto millisecond = floor<milliseconds>(*when) - second;
    const std::time_t time = second.time_since_epoch().count();
    std::tm local = {};
    if (::localtime_r(&time, &local) == nullptr) {
        return "?";
    }
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
    std::snprintf(text.data() + length, text.size() - length, ".%03d", static_cast<int>(millisecond.count()));
    return text.data();
}

void append_harmless(std::string& out, std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '\\') {
            out += c;
            continue;
        }
        out += "\\x";
        out += digits[byte >> 4];
        out += digits[byte & 0xfU];
    }
}

std::string harmless(const sctrace::untrusted_string& value)
{
    std::string text;
    append_harmless(text, sctrace::decoded(value));
    return text.empty() ? "?" : text;
}

void append_right(std::string& out, std::string_view text, std::size_t width)
{
    out.append(width > text.size() ? width - text.size() : 0, ' ');
    out += text;
}

void append_left(std::string& out, std::string_view text, std::size_t width)
{
    out += text;
    out.append(width > text.size() ? width - text.size() : 0, ' ');
}

std::string action_of(std::optional<std::uint32_t> code)
{
    if (!code) {
        return "?";
    }
    const std::string_view name = sctrace::seccomp_action_name(*code);
    if (!name.empty()) {
        return std::string(name);
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%x", *code & 0xffff0000U);
    return text.data();
}

} // namespace

void event_text::append(std::string& out, const sctrace::seccomp_record& record)
{
    append_left(out, clock_time(record.time), std::string_view("HH:MM:SS.mmm").size());
    out += ' ';
    append_right(out, record.pid ? std::to_string(*record.pid) : "?", pid_width);
    out += ' ';
    append_left(out, harmless(record.comm), comm_width);
    out += ' ';
    append_left(out, call_of(record), call_width);
    out += ' ';
    out += action_of(record.code);
}

const std::string& event_text::call_of(const sctrace::seccomp_record& record)
{
    const auto arch =
        sctrace::architecture::of_call(record.arch.value_or(native_.audit_arch()), record.syscall);
    const std::pair key(arch, record.syscall);
    if (const auto known = calls_.find(key); known != calls_.end()) {
        return known->second;
    }
    if (calls_.size() >= most_known_calls) {
        calls_.clear();
    }
    const auto name = sctrace::syscall_name(arch, record.syscall);
    std::string shown = name ? *name : "syscall " + std::to_string(record.syscall);
    if (arch != native_) {
        shown += " (" + arch.display_name() + ')';
    }
    return calls_.emplace(key, std::move(shown)).first->second;
}

} // namespace asio_sctrace
