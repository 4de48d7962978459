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

process_tree& target::follow_tree()
{
    return tree_ ? *tree_ : tree_.emplace();
}

bool target::in_session(std::optional<std::uint64_t> ses) const noexcept
{
    return session_ && ses && *ses == *session_;
}

membership target::whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                         process_tree::time made) const
{
    if (in_session(ses)) {
        return membership::ours;
    }
    if (!pid) {
        return membership::foreign;
    }
    if (tree_) {
        return tree_->whose(*pid, made);
    }
    return std::binary_search(pids_.begin(), pids_.end(), *pid) ? membership::ours : membership::foreign;
}

bool target::may_have_left_session(std::optional<std::uint64_t> ses) const noexcept
{
    return session_ && (!ses || *ses == unset_session || *ses > *session_);
}

} // namespace sctrace
