#include <sctrace/target.hpp>

#include <algorithm>

namespace sctrace {

namespace {

constexpr std::uint64_t unset_session = 4294967295;

} // namespace

void target::add_pid(pid_t pid)
{
    const auto at = std::lower_bound(pids_.begin(), pids_.end(), pid);
    if (at == pids_.end() || *at != pid) {
        pids_.insert(at, pid);
    }
}

bool target::selects(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses) const noexcept
{
    if (session_ && ses && *ses == *session_) {
        return true;
    }
    return pid && std::binary_search(pids_.begin(), pids_.end(), *pid);
}

bool target::may_have_left_session(std::optional<std::uint64_t> ses) const noexcept
{
    return session_ && (!ses || *ses == unset_session || *ses > *session_);
}

} // namespace sctrace
