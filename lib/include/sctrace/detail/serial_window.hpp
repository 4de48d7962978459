#ifndef SCTRACE_DETAIL_SERIAL_WINDOW_HPP
#define SCTRACE_DETAIL_SERIAL_WINDOW_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sctrace::detail {

/// The audit serials seen between two known ones, whatever their order of arrival.
/**
 * Serials may be seen before the window is opened: one that is newer than the first may have overtaken it.
 *
 * Serials may arrive swapped (two CPUs) or much later (records of an audited system call keep the serial of
 * its start) and wrap at 2^32; only those that never arrive are missing. Memory is bounded: beyond
 * `max_gaps` separate gaps the oldest ones are settled as missing for good.
 */
class serial_window {
public:
    static constexpr std::size_t max_gaps = 4096;

    void open(std::uint32_t first);
    void close(std::uint32_t last);
    void see(std::uint32_t serial);

    bool is_open() const noexcept { return open_; }
    bool is_closed() const noexcept { return closed_; }
    std::optional<std::uint32_t> first() const noexcept;
    std::optional<std::uint32_t> last() const noexcept;
    bool contains(std::uint32_t serial) const noexcept;
    /// How many serials between the first and the last one (or the newest seen) never arrived.
    std::uint64_t missing() const noexcept;

private:
    struct gap {
        std::uint64_t begin;
        std::uint64_t end;
    };

    std::uint64_t extend(std::uint32_t serial) const noexcept;
    void fill(std::uint64_t serial);
    void settle_oldest();

    bool open_ = false;
    bool closed_ = false;
    // Serials are kept as 64-bit numbers, so that wrapping around needs no special case.
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    // Zero until the first serial is seen.
    std::uint64_t next_ = 0;
    std::uint64_t settled_ = 0;
    std::vector<gap> gaps_;
};

} // namespace sctrace::detail

#endif
