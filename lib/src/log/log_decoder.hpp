#ifndef SCTRACE_SRC_LOG_DECODER_HPP
#define SCTRACE_SRC_LOG_DECODER_HPP

#include "log/gzip_reader.hpp"

#include <sctrace/error.hpp>
#include <sctrace/journal_export_reader.hpp>
#include <sctrace/log_format.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sctrace::detail {

/// Reads a log in order and makes lines of text of whatever it is: gzip, journald's export format.
class log_decoder {
public:
    /// @param stream Whether the descriptor is read only when it has something.
    log_decoder(int descriptor, std::string name, log_format wanted, bool stream)
        : descriptor_(descriptor)
        , name_(std::move(name))
        , wanted_(wanted)
        , stream_(stream)
    {
    }

    /// Writes text to @p out; none when there is nothing right now, or at the end.
    /** After a failure it has ended. */
    boost::system::result<std::size_t, failure> read(std::span<char> out);

    bool ended() const noexcept { return ended_ && text_.empty(); }
    bool nul_separated() const noexcept { return nul_separated_; }

    /// How many bytes were read from the descriptor.
    std::uint64_t raw_bytes() const noexcept { return raw_bytes_; }

private:
    using bytes_or_failure = boost::system::result<std::size_t, failure>;

    bytes_or_failure fail(failure why);
    failure of_this_log(const failure& why) const;
    std::size_t take_text(std::span<char> out);
    void look_for_separator(std::string_view text) noexcept;
    boost::system::result<void, failure> recognize_text();
    bytes_or_failure feed_export(std::span<char> out);
    bytes_or_failure read_plain(std::span<char> out);
    bytes_or_failure inflate(std::span<char> out);
    bytes_or_failure read_raw(std::span<char> out);
    boost::system::result<void, failure> recognize_raw();

    int descriptor_;
    std::string name_;
    log_format wanted_;
    bool stream_;
    bool raw_known_ = false;
    bool text_known_ = false;
    bool nul_separated_ = false;
    std::size_t looked_at_ = 0;
    bool raw_ended_ = false;
    bool ended_ = false;
    std::uint64_t raw_bytes_ = 0;
    std::optional<gzip_reader> gzip_;
    std::optional<journal_export_reader> export_;
    std::vector<char> raw_;
    std::string_view raw_left_;
    std::string text_;
};

} // namespace sctrace::detail

#endif
