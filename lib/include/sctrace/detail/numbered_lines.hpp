#ifndef SCTRACE_DETAIL_NUMBERED_LINES_HPP
#define SCTRACE_DETAIL_NUMBERED_LINES_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sctrace::detail {

/// Puts the lines of a file together from pieces of any size, and counts them.
/**
 * It holds no more than one line. The lines go, without their newline, to a function
 * `result<void, failure> read(std::string_view line)`, whose first error ends the reading.
 */
class numbered_lines {
    using result = boost::system::result<void, failure>;

public:
    /**
     * @param longest The longest line, without its newline, in bytes; whole KiB.
     * @param malformed The error of a malformed line.
     * @param which What no line of that length can be, for people: `no line of a trace`.
     */
    numbered_lines(std::size_t longest, error malformed, const char* which) noexcept
        : longest_(longest)
        , malformed_(malformed)
        , which_(which)
    {
    }

    /// Takes the next bytes of the file.
    template <class Read>
    result feed(std::string_view bytes, Read read)
    {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            if (end == std::string_view::npos) {
                return keep(bytes);
            }
            if (auto done = read_rest_of_line(bytes.substr(0, end), read); !done) {
                return done;
            }
            bytes.remove_prefix(end + 1);
        }
        return {};
    }

    /// The file has ended; its last line may lack the newline.
    template <class Read>
    result finish(Read read)
    {
        if (partial_.empty()) {
            return {};
        }
        ++number_;
        const std::string last = std::exchange(partial_, {});
        return read(last);
    }

    /// The number of the last line that was read, good or bad, counted from 1; 0 before the first.
    std::uint64_t number() const noexcept { return number_; }

    /// Any error of the last line that was read.
    failure failed(error code, std::string_view problem, advice advised = advice::none) const
    {
        return {code, "line " + std::to_string(number_) + ": " + std::string(problem), advised};
    }

    failure malformed(std::string_view problem, advice advised = advice::none) const
    {
        return failed(malformed_, problem, advised);
    }

private:
    template <class Read>
    result read_rest_of_line(std::string_view rest, Read read)
    {
        if (partial_.empty() && rest.size() <= longest_) {
            ++number_;
            return read(rest);
        }
        if (auto kept = keep(rest); !kept) {
            return kept;
        }
        ++number_;
        auto done = read(std::string_view(partial_));
        partial_.clear();
        return done;
    }

    result keep(std::string_view piece)
    {
        if (piece.size() > longest_ - partial_.size()) {
            ++number_;
            return malformed("longer than " + std::to_string(longest_ / 1024) + " KiB, which " + which_ +
                             " is");
        }
        partial_ += piece;
        return {};
    }

    std::size_t longest_;
    error malformed_;
    const char* which_;
    std::string partial_;
    std::uint64_t number_ = 0;
};

} // namespace sctrace::detail

#endif
