#ifndef SCTRACE_RECORD_BATCH_HPP
#define SCTRACE_RECORD_BATCH_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sctrace {

/// One message of a source, not yet parsed.
struct source_message {
    /// The audit record type that came with the message, or 0 for kernel log text that names its own.
    std::uint32_t type = 0;
    /// The text; it points into the batch.
    std::string_view text;
    /// Whether the kernel's output buffer was full, so that the text may lack its end.
    bool maybe_cut = false;
    /// The text has no header, only the record's fields: journald's own copy.
    bool without_header = false;
};

/// Which part of a saved log a batch was read from.
struct log_part {
    /// Counts the parts of a log from 0; batches that are filled at the same time may come out of order.
    std::uint64_t number = 0;
    /// How many bytes of the log were read for it.
    std::uint64_t bytes = 0;
    /// Sequence numbers of the first and the last kmsg entry of the part, if it consists of such.
    std::optional<std::uint64_t> first_sequence;
    /// The last one's.
    std::optional<std::uint64_t> last_sequence;
};

/// What a source noticed missing while it filled a batch.
struct source_losses {
    /// Entries of the kernel's ring buffer that were overwritten before they were read.
    std::uint64_t overwritten = 0;
    /// Times that the audit socket's buffer overran.
    std::uint64_t overruns = 0;
    /// Messages that were none: no header, or longer than any the kernel writes.
    std::uint64_t malformed = 0;

    /// Whether anything is missing.
    bool any() const noexcept { return overwritten != 0 || overruns != 0 || malformed != 0; }
};

/// A bounded number of messages and the memory that holds their bytes.
/**
 * A source appends, a parser reads; clear() makes room again and frees nothing, so that a batch which is used
 * over and over allocates only once. Views into a batch are valid until clear() and survive a move.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * sctrace::record_batch batch(16, 4096);
 * const std::string_view text = "audit: type=1326 audit(1.000:1): pid=7 syscall=110";
 * const auto room = batch.free_space();
 * std::copy(text.begin(), text.end(), room.begin());
 * batch.append(text.size(), {0, {room.data(), text.size()}});
 * for (const sctrace::source_message& message : batch.messages()) {
 *     std::cout << sctrace::parse_seccomp_line(message.text)->syscall << '\n'; // 110
 * }
 * @endcode
 */
class record_batch {
public:
    /// How many messages a batch holds.
    static constexpr std::size_t default_messages = 1024;
    /// How many bytes the messages of a batch have together.
    static constexpr std::size_t default_bytes = std::size_t{256} * 1024;

    /// An empty batch with room for @p messages of @p bytes bytes together.
    explicit record_batch(std::size_t messages = default_messages, std::size_t bytes = default_bytes)
        : bytes_(std::make_unique_for_overwrite<char[]>(bytes))
        , capacity_(bytes)
    {
        messages_.reserve(messages);
    }

    /// In the order in which they came.
    std::span<const source_message> messages() const noexcept { return messages_; }
    /// What the source noticed missing.
    const source_losses& losses() const noexcept { return losses_; }
    /// For the source to note what is missing.
    source_losses& losses() noexcept { return losses_; }
    /// Whether there is no message.
    bool empty() const noexcept { return messages_.empty(); }

    /// Of a saved log only.
    const log_part& part() const noexcept { return part_; }
    /// For the source to note where it has read.
    log_part& part() noexcept { return part_; }

    /// Whether @p messages more fit, and @p bytes more bytes.
    bool has_room(std::size_t bytes, std::size_t messages = 1) const noexcept
    {
        return messages_.size() + messages <= messages_.capacity() && capacity_ - used_ >= bytes;
    }

    /// How many more messages fit, if their bytes do.
    std::size_t free_messages() const noexcept { return messages_.capacity() - messages_.size(); }

    /// The memory after the messages, for a source to read into.
    std::span<char> free_space() noexcept { return {bytes_.get() + used_, capacity_ - used_}; }

    /// Makes the first @p bytes of the free space part of the batch and appends a message.
    /** @p message points into those bytes. */
    void append(std::size_t bytes, source_message message)
    {
        used_ += bytes;
        messages_.push_back(message);
    }

    /// Skips @p bytes of the free space that hold nothing of use but lie before bytes that do.
    void append_nothing(std::size_t bytes) noexcept { used_ += bytes; }

    /// Forgets messages, losses and part, and keeps the memory.
    void clear() noexcept
    {
        messages_.clear();
        used_ = 0;
        losses_ = {};
        part_ = {};
    }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_;
    std::size_t used_ = 0;
    std::vector<source_message> messages_;
    source_losses losses_;
    log_part part_;
};

} // namespace sctrace

#endif
