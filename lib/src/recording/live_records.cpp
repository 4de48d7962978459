#include "recording/live_queue.hpp"

#include <sctrace/live_records.hpp>

#include <algorithm>
#include <utility>

namespace sctrace {

void live_records::clear() noexcept
{
    records_.clear();
    current_ = 0;
    used_ = 0;
    dropped_ = 0;
}

void live_records::append(const seccomp_record& record)
{
    seccomp_record copy = record;
    copy.time = keep(record.time);
    copy.comm.raw = keep(record.comm.raw);
    copy.exe.raw = keep(record.exe.raw);
    if (record.subj) {
        copy.subj = keep(*record.subj);
    }
    records_.push_back(copy);
}

std::string_view live_records::keep(std::string_view text)
{
    if (text.empty()) {
        return {};
    }
    char* const bytes = allocate(text.size());
    std::copy(text.begin(), text.end(), bytes);
    return {bytes, text.size()};
}

char* live_records::allocate(std::size_t bytes)
{
    while (current_ < blocks_.size() && blocks_[current_].size - used_ < bytes) {
        ++current_;
        used_ = 0;
    }
    if (current_ >= blocks_.size()) {
        const std::size_t size = std::max(bytes, block_bytes);
        blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
        current_ = blocks_.size() - 1;
        used_ = 0;
    }
    char* const place = blocks_[current_].bytes.get() + used_;
    used_ += bytes;
    return place;
}

namespace detail {

void live_queue::push(const seccomp_record& record)
{
    if (!is_wanted()) {
        return;
    }
    if (waiting_.records_.size() < capacity_) {
        waiting_.append(record);
    } else {
        ++waiting_.dropped_;
        ++dropped_;
    }
}

void live_queue::take(live_records& records) noexcept
{
    records.clear();
    std::swap(records, waiting_);
}

} // namespace detail

} // namespace sctrace
