#ifndef SCTRACE_DETAIL_LOG_READER_HPP
#define SCTRACE_DETAIL_LOG_READER_HPP

#include <sctrace/error.hpp>
#include <sctrace/log_format.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sctrace::detail {

/// A saved log that has been opened, and how far it has been read.
/**
 * A regular file of text is read in parts that lie side by side, so that several threads can each take the
 * next one. Anything else (pipes, compressed files) is read in order.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: fill() and position() are safe while the log is no stream;
 * everything else is not.
 */
class log_reader {
public:
    /// A longer line is cut: the longest record in any form is a fraction of it.
    static constexpr std::size_t max_line = std::size_t{64} * 1024;
    /// The bytes that a batch must have.
    static constexpr std::size_t batch_bytes = std::size_t{384} * 1024;

    enum class outcome {
        /// The batch holds what the next part of the log says, if anything.
        filled,
        /// A stream has nothing to read right now.
        would_block,
        /// Everything has been read.
        ended,
        /// The batch's part could not be read; see failure().
        failed,
        /// fill() itself throws std::bad_alloc instead.
        out_of_memory,
    };

    /// Opens @p path; `-` is standard input.
    /** Refuses directories, and encodings that are none of text, with what to do about them. */
    static boost::system::result<log_reader, failure> open(const std::string& path, log_format wanted);

    /// Takes over @p descriptor, whatever it is; @p name is for messages.
    static boost::system::result<log_reader, failure> adopt(int descriptor, std::string name,
                                                            log_format wanted);

    log_reader(log_reader&&) noexcept;
    log_reader& operator=(log_reader&&) noexcept;
    ~log_reader();

    /// Whether it must be waited for; then descriptor() can be.
    bool is_stream() const noexcept;
    int descriptor() const noexcept;
    const std::string& name() const noexcept;

    /// The bytes of a regular file when it was opened; what is appended later is not read.
    std::optional<std::uint64_t> size() const noexcept;
    /// How many bytes have been read so far.
    std::uint64_t position() const noexcept;

    /// Clears the batch and reads the next part of the log into it; never waits for a stream.
    outcome fill(record_batch& batch);

    /// What kept the log from being read wholly, if anything did; call it when no fill() is running.
    const std::optional<failure>& problem() const noexcept;

private:
    class implementation;

    explicit log_reader(std::unique_ptr<implementation> self) noexcept;

    std::unique_ptr<implementation> self_;
};

} // namespace sctrace::detail

#endif
