#include "text/quote.hpp"

#include <sctrace/syscall_names.hpp>
#include <sctrace/trace.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace sctrace {

namespace {

constexpr std::size_t first_capacity = 64;

std::size_t hash(syscall_key call) noexcept
{
    const auto mixed =
        (static_cast<std::uint64_t>(call.number) ^ std::uint64_t{call.arch.audit_arch()} << 20) *
        0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed >> 32);
}

struct file_order {
    architecture native;

    bool operator()(const trace::line& a, const trace::line& b) const
    {
        const bool a_foreign = a.call.arch != native;
        const bool b_foreign = b.call.arch != native;
        if (a_foreign != b_foreign) {
            return b_foreign;
        }
        if (a.call.arch != b.call.arch) {
            return a.call.arch.display_name() < b.call.arch.display_name();
        }
        return a.call.number < b.call.number;
    }
};

void append_line(std::string& text, const trace::line& l, architecture native)
{
    const auto name = syscall_name(l.call.arch, l.call.number);
    text += "{\"syscall\":" + std::to_string(l.call.number) + ",\"name\":";
    if (name) {
        detail::append_json_string(text, *name);
    } else {
        text += "null";
    }
    text += ",\"count\":" + std::to_string(l.count);
    if (l.call.arch != native) {
        text += ",\"arch\":";
        detail::append_json_string(text, l.call.arch.display_name());
    }
    text += "}\n";
}

} // namespace

trace::trace(trace&& other) noexcept
    : slots_(std::exchange(other.slots_, {}))
    , distinct_(std::exchange(other.distinct_, 0))
    , total_(std::exchange(other.total_, 0))
    , left_out_(std::exchange(other.left_out_, 0))
{
}

trace& trace::operator=(trace&& other) noexcept
{
    trace taken(std::move(other));
    slots_.swap(taken.slots_);
    distinct_ = taken.distinct_;
    total_ = taken.total_;
    left_out_ = taken.left_out_;
    return *this;
}

void trace::add(syscall_key call, std::uint64_t count)
{
    if (count == 0) {
        return;
    }
    if (slots_.empty()) {
        slots_.resize(first_capacity);
    }
    line& found = slots_[slot_of(call)];
    const bool is_known = found.count != 0;
    if (!is_known && distinct_ == max_distinct) {
        left_out_ += count;
        return;
    }
    total_ += count;
    if (is_known) {
        found.count += count;
        return;
    }
    found = {call, count};
    ++distinct_;
    if (distinct_ * 4 > slots_.size() * 3) {
        grow();
    }
}

boost::system::result<void, failure> trace::merge(const trace& other)
{
    const std::uint64_t calls = total_ + left_out_;
    if (other.total_ + other.left_out_ > std::numeric_limits<std::uint64_t>::max() - calls) {
        return failure{error::count_overflow, "the sum of all counts has more than 64 bits"};
    }
    trace merged(*this);
    for (const line& l : other.slots_) {
        merged.add(l.call, l.count);
    }
    merged.left_out_ += other.left_out_;
    *this = std::move(merged);
    return {};
}

void trace::clear() noexcept
{
    std::fill(slots_.begin(), slots_.end(), line{});
    distinct_ = 0;
    total_ = 0;
    left_out_ = 0;
}

std::uint64_t trace::count(syscall_key call) const noexcept
{
    return slots_.empty() ? 0 : slots_[slot_of(call)].count;
}

std::vector<trace::line> trace::sorted(architecture native) const
{
    std::vector<line> lines;
    lines.reserve(distinct_);
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(lines),
                 [](const line& l) { return l.count != 0; });
    std::sort(lines.begin(), lines.end(), file_order{native});
    return lines;
}

std::size_t trace::slot_of(syscall_key call) const noexcept
{
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash(call) & mask;
    while (slots_[at].count != 0 && slots_[at].call != call) {
        at = (at + 1) & mask;
    }
    return at;
}

void trace::grow()
{
    std::vector<line> old(slots_.size() * 2);
    old.swap(slots_);
    for (const line& l : old) {
        if (l.count != 0) {
            slots_[slot_of(l.call)] = l;
        }
    }
}

failure too_many_syscalls(const trace& counts)
{
    return {error::too_many_syscalls, std::to_string(counts.left_out()) +
                                          " calls were not counted: there were more than " +
                                          std::to_string(trace::max_distinct) + " different ones"};
}

std::string to_ndjson(const trace& counts, architecture native)
{
    std::string text;
    for (const trace::line& l : counts.sorted(native)) {
        append_line(text, l, native);
    }
    return text;
}

} // namespace sctrace
