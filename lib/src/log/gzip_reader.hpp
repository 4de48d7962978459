#ifndef SCTRACE_SRC_GZIP_READER_HPP
#define SCTRACE_SRC_GZIP_READER_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <zlib.h>

namespace sctrace::detail {

/// Decompresses a gzip file (RFC 1952) piece by piece, in about 40 KiB of memory whatever the file holds.
/**
 * Several members in a row are read as one, as gunzip does, which is what appending rotated logs to one
 * another gives; zero bytes behind a member are skipped.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class gzip_reader {
public:
    /// How far one call got.
    struct step {
        /// Bytes taken from the input.
        std::size_t consumed = 0;
        /// Bytes written to the output.
        std::size_t produced = 0;
    };

    /// @par Exception safety
    /// Strong guarantee; throws std::bad_alloc only.
    gzip_reader();

    /// Decompresses as much of @p in as fits into @p out.
    /**
     * Call again with what is left of the input as long as a call fills the output, even if nothing is left:
     * the reader may hold more. A call that does not fill it takes the whole input, unless the next one
     * fails.
     *
     * @param out Where to write; not empty.
     * @par Errors
     * @li error::damaged_gzip - what comes next contradicts itself or a checksum, or is no gzip data. All
     *     that earlier calls produced stands before it and may be used. Every further call fails in the same
     *     way. The message does not name the file.
     * @li ENOMEM - as above, for want of memory.
     */
    boost::system::result<step, failure> inflate(std::span<const char> in, std::span<char> out);

    /// Tells whether the input may end here.
    /**
     * @par Errors
     * error::truncated_gzip - in the middle of a member, or before the first one. All that was produced may
     * be used. The message does not name the file.
     */
    boost::system::result<void, failure> finish() const;

    /// Whether the last member is complete, with nothing but zero bytes behind it.
    bool at_member_end() const noexcept { return at_member_end_; }

private:
    /// Never moves: zlib keeps a pointer to its z_stream.
    struct stream : z_stream {
        stream();
        stream(const stream&) = delete;
        stream& operator=(const stream&) = delete;
        ~stream() { inflateEnd(this); }
    };

    /// How many bytes at the front of @p in lie between two members; begins the next member behind them.
    std::size_t skip_padding(std::span<const char> in);

    /// Goes on with the member up to its end, or to the end of either span.
    void advance(std::span<const char> in, std::span<char> out, step& done);

    std::unique_ptr<stream> stream_;
    std::optional<failure> failed_;
    std::uint64_t consumed_ = 0;
    bool at_member_end_ = false;
};

} // namespace sctrace::detail

#endif
