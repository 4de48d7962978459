#include "call_counters.hpp"

#include <sctrace/syscall_names.hpp>

#include <optional>
#include <string_view>

namespace embedded_server {

namespace {

constexpr auto other = "other";

std::string word_or_other(std::string_view word)
{
    return word.empty() ? other : std::string(word);
}

} // namespace

sctrace::syscall_key call_of(const sctrace::seccomp_record& record)
{
    static const auto native = sctrace::architecture::native();
    const auto number = record.syscall;
    const auto arch = record.arch ? *record.arch : native.audit_arch();
    return {sctrace::architecture::of_call(arch, number), number};
}

std::size_t call_counters::key_hash::operator()(const key& k) const noexcept
{
    const std::uint64_t arch = k.call.arch.audit_arch();
    const auto number = static_cast<std::uint64_t>(k.call.number);
    return static_cast<std::size_t>((((arch << 32) ^ number) * 0x9e3779b97f4a7c15U) ^ k.action);
}

void call_counters::add(const sctrace::seccomp_record& record)
{
    constexpr std::uint32_t action_bits = 0xffff0000;
    const key k{call_of(record), record.code.value_or(0) & action_bits};
    if (const auto known = known_.find(k); record.code && known != known_.end()) {
        ++*known->second;
    } else {
        ++counter_of(k, record.code.has_value());
    }
}

void call_counters::add_unseen(sctrace::syscall_key call, std::uint64_t count)
{
    const auto name = sctrace::syscall_name(call.arch, call.number);
    counts_[{word_or_other(call.arch.name()), name.value_or(other), "unknown"}] += count;
}

std::uint64_t& call_counters::counter_of(const key& k, bool has_code)
{
    const auto name = sctrace::syscall_name(k.call.arch, k.call.number);
    const auto action = has_code ? sctrace::seccomp_action_name(k.action) : std::string_view("unknown");
    std::uint64_t& counter =
        counts_[{word_or_other(k.call.arch.name()), name.value_or(other), word_or_other(action)}];
    if (name && has_code && !action.empty()) {
        known_.emplace(k, &counter);
    }
    return counter;
}

} // namespace embedded_server
