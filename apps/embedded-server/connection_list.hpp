#ifndef EMBEDDED_SERVER_CONNECTION_LIST_HPP
#define EMBEDDED_SERVER_CONNECTION_LIST_HPP

#include <cstddef>
#include <set>
#include <vector>

namespace embedded_server {

class session;

/// The open connections, which enter and leave by themselves.
class connection_list {
public:
    explicit connection_list(std::size_t most) noexcept
        : most_(most)
    {
    }

    std::size_t size() const noexcept { return sessions_.size(); }
    /// Those that are only told that there are too many.
    std::size_t refused() const noexcept { return refused_.size(); }
    /// Whether no more may be served.
    bool is_full() const noexcept { return size() - refused() >= most_; }

    void enter(session& s) { sessions_.insert(&s); }
    /// From now on it does not count as served.
    void refuse(session& s) { refused_.insert(&s); }
    void leave(session& s)
    {
        refused_.erase(&s);
        sessions_.erase(&s);
    }

    /// A copy: sessions may leave while one goes through it.
    std::vector<session*> all() const { return {sessions_.begin(), sessions_.end()}; }

private:
    std::size_t most_;
    std::set<session*> sessions_;
    std::set<session*> refused_;
};

} // namespace embedded_server

#endif
