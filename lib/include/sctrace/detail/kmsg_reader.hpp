#ifndef SCTRACE_DETAIL_KMSG_READER_HPP
#define SCTRACE_DETAIL_KMSG_READER_HPP

#include <sctrace/error.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/source_options.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// An opened source of kmsg entries.
struct kmsg_device {
    int descriptor = -1;
    /// Whether it is the kernel's own device: a FIFO or another device proves nothing.
    bool kernel = false;
    /// Whether bytes come as a stream of lines rather than one entry per read.
    bool stream = false;
    kmsg_start start = kmsg_start::beginning;
};

/// Opens @p path, refuses what is neither a character device nor a FIFO, and goes to @p start.
boost::system::result<kmsg_device, failure> open_kmsg(const std::string& path, kmsg_start start);

/// Turns what was read from a kmsg device into messages of a batch.
/**
 * Keeps the entries' sequence numbers, so that missing ones become losses. Entries of another facility than
 * the kernel's are dropped: a program may write such lines, but cannot make them facility 0
 * (kernel/printk/printk.c, devkmsg_write).
 */
class kmsg_reader {
public:
    using opened_type = kmsg_device;

    /// The longest entry that a read returns: CONSOLE_EXT_LOG_MAX, include/linux/printk.h before 6.3.
    static constexpr std::size_t max_entry = 8192;

    explicit kmsg_reader(bool stream = false, kmsg_start start = kmsg_start::end);
    explicit kmsg_reader(const kmsg_device& device)
        : kmsg_reader(device.stream, device.start)
    {
    }

    /// Says what a descriptor is that somebody else opened.
    static kmsg_device identify(int descriptor) noexcept;
    static void leave(const kmsg_device&) noexcept {}

    /// Where the next read goes to, and how much it may return.
    std::span<char> buffer(record_batch& batch) noexcept;

    /// Whether the batch takes another read.
    bool has_room(const record_batch& batch) const noexcept
    {
        return batch.has_room(max_entry + 1, staged_.size() + 1);
    }

    /// Takes the @p bytes that were read into buffer(); settle() makes messages of them.
    void accept(record_batch& batch, std::size_t bytes);

    /// Parses what was accepted since the last call.
    /**
     * A tight loop after the reads: code that runs between two system calls finds caches and branch
     * predictors cold each time, and takes about twice as long.
     */
    void settle(record_batch& batch);

    /// The end of a stream: takes a last line without a newline.
    void finish(record_batch& batch);

    /// The next entry had been overwritten (EPIPE): the gap shows in the next sequence number.
    void overwritten(record_batch& batch);

    /// A read was rejected (EINVAL): the entry was longer than the buffer, and the device has stepped over
    /// it.
    void rejected(record_batch& batch);

    /// Whether not even the read after a rejected one was taken: this is no kmsg device then.
    bool rejects_everything() const noexcept { return rejected_in_a_row_ > 1; }

    bool is_stream() const noexcept { return stream_; }
    bool seen_data() const noexcept { return seen_data_; }

private:
    void accept_stream(record_batch& batch, std::size_t bytes);
    void accept_entry(record_batch& batch, std::span<char> entry);
    void count_gap(record_batch& batch, std::uint64_t sequence) noexcept;

    bool stream_;
    bool from_end_;
    bool seen_data_ = false;
    bool skipping_line_ = false;
    int rejected_in_a_row_ = 0;
    std::optional<std::uint64_t> next_sequence_;
    std::string partial_;
    std::vector<std::span<char>> staged_;
};

} // namespace sctrace::detail

#endif
