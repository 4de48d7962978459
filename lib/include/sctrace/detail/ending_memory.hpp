#ifndef SCTRACE_DETAIL_ENDING_MEMORY_HPP
#define SCTRACE_DETAIL_ENDING_MEMORY_HPP

#include <chrono>
#include <deque>
#include <unordered_map>

#include <sys/types.h>

namespace sctrace::detail {

/// When the numbers of processes were last given up, for a while.
class ending_memory {
public:
    using time = std::chrono::nanoseconds;

    /// For how long an ending is remembered.
    static constexpr time span = std::chrono::seconds(2);

    void saw_ending(pid_t pid, time when)
    {
        endings_.push_back({pid, when});
        last_[pid] = when;
        while (endings_.front().when < when - span) {
            const ending& oldest = endings_.front();
            const auto last = last_.find(oldest.pid);
            if (last != last_.end() && last->second == oldest.when) {
                last_.erase(last);
            }
            endings_.pop_front();
        }
    }

    /// The smallest time if none is remembered.
    time last_ending(pid_t pid) const
    {
        const auto found = last_.find(pid);
        return found == last_.end() ? time::min() : found->second;
    }

private:
    struct ending {
        pid_t pid;
        time when;
    };

    std::deque<ending> endings_;
    std::unordered_map<pid_t, time> last_;
};

} // namespace sctrace::detail

#endif
