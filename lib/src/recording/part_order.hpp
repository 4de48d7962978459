#ifndef SCTRACE_SRC_RECORDING_PART_ORDER_HPP
#define SCTRACE_SRC_RECORDING_PART_ORDER_HPP

#include <cstdint>
#include <map>

namespace sctrace::detail {

/// Whose turn it is among those who work on the parts of a log side by side.
/**
 * Everything is to be called on one strand.
 *
 * @tparam Timer What each waits with until it is its turn; cancel() ends its wait.
 */
template <class Timer>
class part_order {
public:
    void restart() noexcept { next_ = 0; }

    bool is_turn_of(std::uint64_t part) const noexcept { return next_ == part; }

    /// Has @p timer cancelled when it is the turn of @p part.
    void wait(std::uint64_t part, Timer& timer) { waiting_[part] = &timer; }

    /// The part whose turn it was is done.
    void pass()
    {
        ++next_;
        const auto next = waiting_.find(next_);
        if (next != waiting_.end()) {
            next->second->cancel();
            waiting_.erase(next);
        }
    }

    /// After one has failed, its turn never comes to an end.
    void wake_all()
    {
        for (const auto& [part, timer] : waiting_) {
            timer->cancel();
        }
        waiting_.clear();
    }

private:
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, Timer*> waiting_;
};

} // namespace sctrace::detail

#endif
