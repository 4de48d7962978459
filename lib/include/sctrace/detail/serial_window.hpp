#ifndef SCTRACE_DETAIL_SERIAL_WINDOW_HPP
#define SCTRACE_DETAIL_SERIAL_WINDOW_HPP

#include <sctrace/detail/serial_history.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sctrace::detail {

/// The audit serials seen between two known ones.
/**
 * Serials may be seen before the window is opened: one that is newer than the first may have overtaken it.
 * Several windows may share one history, into which somebody else enters the serials.
 */
class serial_window {
public:
    static constexpr std::size_t max_gaps = serial_history::max_gaps;

    /// From now on @p all knows what was seen, and see() is not to be called; until keep().
    void share(const serial_history& all) noexcept { shared_ = &all; }

    /// Stops sharing: what @p all knows now is what this window knows for good.
    void keep();

    void open(std::uint32_t first);
    void close(std::uint32_t last);
    void see(std::uint32_t serial) { own_.see(serial); }

    bool is_open() const noexcept { return open_; }
    bool is_closed() const noexcept { return closed_; }
    std::optional<std::uint32_t> first() const noexcept;
    std::optional<std::uint32_t> last() const noexcept;
    /// The first serial as a number of the history; zero before open().
    std::uint64_t begin() const noexcept { return first_; }
    bool contains(std::uint32_t serial) const noexcept;
    /// How many serials between the first and the last one (or the newest seen) never arrived.
    std::uint64_t missing() const noexcept;

private:
    const serial_history& history() const noexcept { return shared_ ? *shared_ : own_; }

    bool open_ = false;
    bool closed_ = false;
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    serial_history own_;
    const serial_history* shared_ = nullptr;
};

} // namespace sctrace::detail

#endif
