#include <sctrace/detail/serial_numbers.hpp>

#include <algorithm>
#include <iterator>

namespace sctrace::detail {

void serial_history::see(std::uint32_t serial)
{
    if (next_ == 0) {
        // Room below the first serial, so that older ones extend to smaller numbers and not around zero.
        next_ = (std::uint64_t{1} << 32) + serial;
    }
    const std::uint64_t seen = extend(serial);
    if (seen < next_) {
        fill(seen);
        return;
    }
    if (seen > next_) {
        gaps_.push_back({next_, seen, seen - next_});
        settle_oldest();
    }
    next_ = seen + 1;
}

std::uint64_t serial_history::extend(std::uint32_t serial) const noexcept
{
    const auto distance = static_cast<std::int32_t>(serial - static_cast<std::uint32_t>(next_));
    return next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

std::uint64_t serial_history::missing_between(std::uint64_t begin, std::uint64_t end) const noexcept
{
    std::uint64_t count = 0;
    for (const gap& s : settled_) {
        count += s.end > begin && s.begin < end ? s.missing : 0;
    }
    for (const gap& g : gaps_) {
        const auto from = std::max(g.begin, begin);
        const auto to = std::min(g.end, end);
        count += to > from ? to - from : 0;
    }
    return count;
}

void serial_history::forget_before(std::uint64_t serial)
{
    const auto is_older = [serial](const gap& g) { return g.end <= serial; };
    std::erase_if(gaps_, is_older);
    std::erase_if(settled_, is_older);
}

void serial_history::fill(std::uint64_t serial)
{
    const auto after = std::upper_bound(gaps_.begin(), gaps_.end(), serial,
                                        [](std::uint64_t s, const gap& g) { return s < g.begin; });
    if (after == gaps_.begin()) {
        return;
    }
    const auto at = std::prev(after);
    if (serial >= at->end) {
        return;
    }
    const gap later{serial + 1, at->end, at->end - serial - 1};
    at->end = serial;
    at->missing = serial - at->begin;
    if (at->missing == 0 && later.missing == 0) {
        gaps_.erase(at);
    } else if (at->missing == 0) {
        *at = later;
    } else if (later.missing != 0) {
        gaps_.insert(after, later);
        settle_oldest();
    }
}

void serial_history::settle_oldest()
{
    if (gaps_.size() <= max_gaps) {
        return;
    }
    const auto last = gaps_.begin() + static_cast<std::ptrdiff_t>(max_gaps / 2);
    gap stretch{gaps_.front().begin, std::prev(last)->end, 0};
    std::for_each(gaps_.begin(), last, [&](const gap& g) { stretch.missing += g.missing; });
    gaps_.erase(gaps_.begin(), last);
    settled_.push_back(stretch);
    if (settled_.size() > max_settled) {
        gap& oldest = settled_.front();
        oldest.end = settled_[1].end;
        oldest.missing += settled_[1].missing;
        settled_.erase(std::next(settled_.begin()));
    }
}

void serial_window::keep()
{
    if (shared_) {
        own_ = *shared_;
        own_.forget_before(begin());
        shared_ = nullptr;
    }
}

std::uint64_t serial_window::enter(std::uint32_t serial)
{
    if (!shared_) {
        own_.see(serial);
    }
    return history().extend(serial);
}

void serial_window::open(std::uint32_t first)
{
    first_ = enter(first);
    if (!shared_) {
        own_.forget_before(*first_);
    }
}

void serial_window::close(std::uint32_t last)
{
    last_ = enter(last);
}

std::optional<std::uint32_t> serial_window::first() const noexcept
{
    return first_ ? std::optional{static_cast<std::uint32_t>(*first_)} : std::nullopt;
}

std::optional<std::uint32_t> serial_window::last() const noexcept
{
    return last_ ? std::optional{static_cast<std::uint32_t>(*last_)} : std::nullopt;
}

bool serial_window::contains(std::uint32_t serial) const noexcept
{
    const std::uint64_t at = history().extend(serial);
    return (!first_ || at > *first_) && (!last_ || at < *last_);
}

std::uint64_t serial_window::missing() const noexcept
{
    return first_ ? history().missing_between(*first_, last_.value_or(history().next())) : 0;
}

} // namespace sctrace::detail
