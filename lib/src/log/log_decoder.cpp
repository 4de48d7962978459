#include "log/log_decoder.hpp"

#include "log/log_file.hpp"
#include "text/log_input.hpp"

#include <algorithm>

#include <poll.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

using boost::system::result;

constexpr std::size_t raw_buffer = std::size_t{64} * 1024;
constexpr std::size_t longest_signature = 8;
// So much of a log's first line, or a shorter one that is whole, tells the encodings apart.
constexpr std::size_t telling_bytes = 64;

/// Whether read(2) would return at once: with data, the end or an error.
bool is_ready(int descriptor) noexcept
{
    pollfd waited{descriptor, POLLIN, 0};
    return ::poll(&waited, 1, 0) != 0;
}

} // namespace

log_decoder::bytes_or_failure log_decoder::read(std::span<char> out)
{
    if (!raw_known_) {
        if (const auto known = recognize_raw(); !known) {
            return fail(known.error());
        }
    }
    if (raw_known_ && !text_known_) {
        if (const auto known = recognize_text(); !known) {
            return fail(known.error());
        }
    }
    if (!text_known_) {
        return std::size_t{0};
    }
    auto read = !text_.empty() ? bytes_or_failure(take_text(out))
                : export_      ? feed_export(out)
                               : read_plain(out);
    if (read) {
        look_for_separator({out.data(), *read});
    }
    return read;
}

/// A NUL byte among the first bytes, which may come one by one, separates the log's entries.
void log_decoder::look_for_separator(std::string_view text) noexcept
{
    const std::string_view beginning = text.substr(0, log_beginning - looked_at_);
    looked_at_ += beginning.size();
    nul_separated_ = nul_separated_ || beginning.find('\0') != std::string_view::npos;
}

failure log_decoder::of_this_log(const failure& why) const
{
    return {why.code, "cannot read all of " + name_ + ": " + why.message};
}

log_decoder::bytes_or_failure log_decoder::fail(failure why)
{
    ended_ = true;
    text_.clear();
    return why;
}

std::size_t log_decoder::take_text(std::span<char> out)
{
    const std::size_t length = std::min(out.size(), text_.size());
    std::copy_n(text_.begin(), length, out.begin());
    text_.erase(0, length);
    return length;
}

/// Looks at the first bytes of the descriptor.
result<void, failure> log_decoder::recognize_raw()
{
    raw_.resize(raw_buffer);
    while (raw_left_.size() < longest_signature && !raw_ended_) {
        const std::size_t have = raw_left_.size();
        const auto read = read_raw(std::span<char>(raw_).subspan(have));
        if (!read) {
            return read.error();
        }
        if (*read == 0 && !raw_ended_) {
            return {};
        }
        raw_left_ = {raw_.data(), have + *read};
    }
    raw_known_ = true;
    if (detect_log_encoding(raw_left_) == log_encoding::gzip) {
        gzip_.emplace();
    }
    return {};
}

/// Looks at the first bytes of what is uncompressed, and keeps them for who reads.
result<void, failure> log_decoder::recognize_text()
{
    std::string beginning(log_beginning, '\0');
    std::size_t have = text_.size();
    std::copy(text_.begin(), text_.end(), beginning.begin());
    while (have < beginning.size() && !ended_) {
        const auto read = read_plain(std::span<char>(beginning).subspan(have));
        if (!read) {
            return read.error();
        }
        if (*read == 0) {
            break;
        }
        have += *read;
    }
    beginning.resize(have);
    text_ = std::move(beginning);
    const bool tells = have >= telling_bytes || text_.find('\n') != std::string::npos;
    if (!tells && !ended_) {
        return {};
    }
    text_known_ = true;
    const log_encoding encoding = detect_log_encoding(text_);
    if (encoding == log_encoding::journal_export && has_format(log_form::journal, wanted_)) {
        export_.emplace();
        std::string lines;
        export_->feed(text_, lines);
        text_ = std::move(lines);
    } else if (encoding != log_encoding::text && encoding != log_encoding::journal_export) {
        return unreadable_log(encoding, name_);
    }
    return {};
}

/// Goes on until an entry says something.
log_decoder::bytes_or_failure log_decoder::feed_export(std::span<char> out)
{
    while (text_.empty() && !ended_) {
        const auto read = read_plain(out);
        if (!read) {
            return fail(read.error());
        }
        if (*read == 0 && !ended_) {
            return std::size_t{0};
        }
        export_->feed({out.data(), *read}, text_);
        if (ended_) {
            export_->finish(text_);
        }
    }
    return take_text(out);
}

log_decoder::bytes_or_failure log_decoder::read_plain(std::span<char> out)
{
    auto read = gzip_ ? inflate(out) : read_raw(out);
    if (!read) {
        ended_ = true;
    } else if (!gzip_) {
        ended_ = raw_ended_ && raw_left_.empty();
    }
    return read;
}

log_decoder::bytes_or_failure log_decoder::inflate(std::span<char> out)
{
    for (;;) {
        if (raw_left_.empty()) {
            const auto read = read_raw(raw_);
            if (!read) {
                return read.error();
            }
            raw_left_ = {raw_.data(), *read};
            if (*read == 0 && !raw_ended_) {
                return std::size_t{0};
            }
        }
        if (raw_left_.empty()) {
            ended_ = true;
            if (const auto whole = gzip_->finish(); !whole) {
                return of_this_log(whole.error());
            }
            return std::size_t{0};
        }
        const auto step = gzip_->inflate({raw_left_.data(), raw_left_.size()}, out);
        if (!step) {
            return of_this_log(step.error());
        }
        raw_left_.remove_prefix(step->consumed);
        if (step->produced > 0) {
            return step->produced;
        }
    }
}

/// From what is left of the first look, then from the descriptor.
log_decoder::bytes_or_failure log_decoder::read_raw(std::span<char> out)
{
    if (raw_known_ && !gzip_ && !raw_left_.empty()) {
        const std::size_t length = std::min(out.size(), raw_left_.size());
        std::copy_n(raw_left_.begin(), length, out.begin());
        raw_left_.remove_prefix(length);
        return length;
    }
    if (raw_ended_ || (stream_ && !is_ready(descriptor_))) {
        return std::size_t{0};
    }
    const auto read = read_once(descriptor_, out);
    if (!read) {
        return cannot_read(name_, read.error());
    }
    raw_bytes_ += read->bytes;
    raw_ended_ = read->ended;
    return read->bytes;
}

} // namespace sctrace::detail
