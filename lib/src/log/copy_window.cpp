#include "log/copy_window.hpp"

#include "text/text_hash.hpp"

#include <algorithm>

namespace sctrace::detail {

bool recent_numbers::add(std::uint64_t number)
{
    const std::size_t slot = slot_of(young_, number);
    if (young_[slot] == number || old_[slot_of(old_, number)] == number) {
        return false;
    }
    young_[slot] = number;
    if (++added_ == generation) {
        young_.swap(old_);
        std::fill(young_.begin(), young_.end(), 0);
        added_ = 0;
    }
    return true;
}

/// Where the number is, or the free slot where it belongs.
std::size_t recent_numbers::slot_of(const table& in, std::uint64_t number) noexcept
{
    std::size_t slot = (number >> 8) % slots;
    while (in[slot] != 0 && in[slot] != number) {
        slot = (slot + 1) % slots;
    }
    return slot;
}

bool copy_window::is_new(const record_identity& record)
{
    if (record.has_header()) {
        if (!cut_.empty()) {
            take_back_cut(record.stamp);
        }
        if (!recent_.add(mix(record.stamp, record.body) | 1U)) {
            return false;
        }
        const bool paired = without_header_ > 0 && pairs(record);
        remember(record, paired);
        return !paired;
    }
    const bool paired = pairs(record);
    if (!paired) {
        remember(record, false);
    }
    return !paired;
}

/// Looks for the other copy, the newest first.
bool copy_window::pairs(const record_identity& record)
{
    for (std::size_t back = 1; back <= neighbourhood; ++back) {
        neighbour& n = neighbours_[(next_ + neighbourhood - back) % neighbourhood];
        const bool other_kind = n.has_header() != record.has_header();
        if (!n.paired && n.body == record.body && other_kind) {
            n.paired = true;
            return true;
        }
    }
    return false;
}

void copy_window::remember(const record_identity& record, bool paired)
{
    neighbour& forgotten = neighbours_[next_];
    without_header_ -= forgotten.has_header() ? 0 : 1;
    forgotten = {record.stamp, record.body, paired};
    without_header_ += record.has_header() ? 0 : 1;
    next_ = (next_ + 1) % neighbourhood;
}

bool copy_window::is_new_cut(std::uint64_t stamp)
{
    if (stamp == 0) {
        return true;
    }
    const auto same = [stamp](const neighbour& n) { return n.stamp == stamp; };
    if (std::any_of(neighbours_.begin(), neighbours_.end(), same) ||
        std::find(cut_.begin(), cut_.end(), stamp) != cut_.end()) {
        return false;
    }
    if (cut_.size() == neighbourhood) {
        cut_.erase(cut_.begin());
    }
    cut_.push_back(stamp);
    return true;
}

void copy_window::take_back_cut(std::uint64_t stamp)
{
    const auto found = std::find(cut_.begin(), cut_.end(), stamp);
    if (found != cut_.end()) {
        cut_.erase(found);
        ++taken_back_;
    }
}

} // namespace sctrace::detail
