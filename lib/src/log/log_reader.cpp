#include "log/log_decoder.hpp"
#include "log/log_file.hpp"
#include "log/log_scanner.hpp"
#include "os/descriptor.hpp"
#include "os/kernel.hpp"
#include "text/log_input.hpp"

#include <sctrace/detail/log_reader.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace sctrace::detail {

namespace {

using boost::system::result;

constexpr std::size_t margin = log_scanner::margin;
// A part, the byte before it and the rest of its last line fit between the margins.
constexpr std::size_t part_bytes = log_reader::batch_bytes - log_reader::max_line - 2 * margin - 1;

bool is_seekable_position(off_t position) noexcept
{
    return position > 0;
}

/// Standard input with file status flags of our own where the kernel gives such: who shares it is not to
/// find it non-blocking.
int open_standard_input() noexcept
{
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) {
        errno = EBADF;
        return -1;
    }
    // A file that is opened anew stands at its begin again.
    const bool in_the_middle = is_seekable_position(::lseek(STDIN_FILENO, 0, SEEK_CUR));
    const int own =
        in_the_middle ? -1 : ::open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return own >= 0 ? own : ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
}

} // namespace

class log_reader::implementation {
public:
    implementation(unique_descriptor file, std::string name, log_format wanted)
        : file_(std::move(file))
        , name_(std::move(name))
        , wanted_(wanted)
        , scanner_(wanted)
    {
    }

    /// Finds out how the log can be read; a log that cannot be is a failure.
    result<void, failure> begin()
    {
        struct stat status = {};
        if (::fstat(file_.get(), &status) != 0) {
            return cannot_read(name_, system_error());
        }
        if (S_ISDIR(status.st_mode)) {
            return cannot_read(name_, system_error(EISDIR), "name the files in it");
        }
        if (is_kernel_log(status)) {
            return failure{error::unreadable_log, name_ + " is the kernel's live log: dmesg",
                           advice::replay_or_record};
        }
        stream_ = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode);
        // A file of the kernel's (in /proc) says that it is empty and is not.
        if (S_ISREG(status.st_mode) && status.st_size > 0) {
            return begin_regular(static_cast<std::uint64_t>(status.st_size));
        }
        begin_in_order();
        return {};
    }

    bool is_stream() const noexcept { return stream_; }
    int descriptor() const noexcept { return file_.get(); }
    const std::string& name() const noexcept { return name_; }
    std::optional<std::uint64_t> size() const noexcept { return size_; }
    std::uint64_t position() const noexcept { return position_; }
    const std::optional<failure>& problem() const noexcept { return problem_; }

    outcome fill(record_batch& batch)
    {
        batch.clear();
        return decoder_ ? fill_in_order(batch) : fill_part(batch);
    }

private:
    /// Lines in the memory of a batch.
    struct extent {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    result<void, failure> begin_regular(std::uint64_t size)
    {
        const off_t here = ::lseek(file_.get(), 0, SEEK_CUR);
        begin_ = is_seekable_position(here) ? static_cast<std::uint64_t>(here) : 0;
        next_ = begin_;
        end_ = std::max(size, begin_);
        size_ = end_ - begin_;
        std::array<char, log_beginning> beginning;
        const auto read = read_at(file_.get(), beginning, begin_);
        if (!read) {
            return cannot_read(name_, read.error());
        }
        const std::string_view text(beginning.data(), *read);
        const log_encoding encoding = detect_log_encoding(text);
        if (!advice_for(encoding, name_).empty()) {
            return unreadable_log(encoding, name_);
        }
        if (encoding != log_encoding::text) {
            begin_in_order();
            return {};
        }
        separate_by_nul(text.find('\0') != std::string_view::npos);
        return {};
    }

    void begin_in_order() { decoder_.emplace(file_.get(), name_, wanted_, stream_); }

    void separate_by_nul(bool nul_separated) noexcept
    {
        nul_separated_ = nul_separated;
        scanner_ = log_scanner(wanted_, nul_separated);
    }

    // A regular file of text: parts side by side, each read by whoever comes for the next one.

    outcome fill_part(record_batch& batch)
    {
        std::uint64_t begin = 0;
        {
            const std::lock_guard lock(mutex_);
            if (next_ >= end_) {
                return outcome::ended;
            }
            begin = next_;
            next_ += part_bytes;
            batch.part().number = parts_++;
        }
        return read_part(batch, begin, std::min(begin + part_bytes, end_));
    }

    /// Reads the lines that begin in this range of the file.
    outcome read_part(record_batch& batch, std::uint64_t begin, std::uint64_t end)
    {
        // The byte before tells whether a line begins right here.
        const std::size_t before = begin == begin_ ? 0 : 1;
        const std::span<char> space = batch.free_space().subspan(margin);
        const auto wanted = static_cast<std::size_t>(end - begin) + before;
        const auto read = read_at(file_.get(), space.first(wanted), begin - before);
        if (!read) {
            return fail(cannot_read(name_, read.error()));
        }
        batch.part().bytes = *read - std::min(*read, before);
        if (*read < wanted) {
            note_shrinking(end - begin - batch.part().bytes);
        }
        position_ += batch.part().bytes;
        extent lines{0, *read};
        if (before != 0) {
            lines.begin = std::min(find_separator({space.data(), *read}) + 1, *read);
        }
        if (lines.begin < lines.end) {
            lines.end = complete_last_line(space, lines.end, end);
        }
        scan(batch, space, lines);
        return outcome::filled;
    }

    /// Reads on from @p offset until the last line is whole.
    std::size_t complete_last_line(std::span<char> space, std::size_t end, std::uint64_t offset)
    {
        constexpr std::size_t step = 4096;
        const std::size_t limit = end + max_line;
        while (!is_separator(space[end - 1]) && end < limit) {
            const auto next = space.subspan(end, std::min(step, limit - end));
            const auto read = read_at(file_.get(), next, offset);
            if (!read || *read == 0) {
                break;
            }
            offset += *read;
            end += std::min(find_separator({next.data(), *read}) + 1, *read);
        }
        return end;
    }

    void note_shrinking(std::size_t missing)
    {
        const std::lock_guard lock(mutex_);
        shrunk_by_ += missing;
        problem_ = failure{error::shrinking_log, "cannot read all of " + name_ + ": it shrank by " +
                                                     std::to_string(shrunk_by_) + " bytes while it was read"};
    }

    outcome fail(failure why)
    {
        const std::lock_guard lock(mutex_);
        problem_ = std::move(why);
        return outcome::failed;
    }

    // Everything else: in order, whoever reads.

    outcome fill_in_order(record_batch& batch)
    {
        const std::lock_guard lock(mutex_);
        const std::span<char> space = batch.free_space().first(batch_bytes).subspan(margin);
        const outcome read = read_in_order(space.first(space.size() - margin));
        position_ = decoder_->raw_bytes();
        if (read != outcome::filled) {
            return read;
        }
        batch.part().number = parts_++;
        batch.part().bytes = position_ - told_;
        told_ = position_;
        if (decoder_->nul_separated() != nul_separated_) {
            separate_by_nul(decoder_->nul_separated());
        }
        scan(batch, space, take_lines({space.data(), used_}));
        return outcome::filled;
    }

    /// Puts the kept line and what comes behind it into @p space; `used_` says how much that is.
    outcome read_in_order(std::span<char> space)
    {
        std::copy(kept_.begin(), kept_.end(), space.begin());
        used_ = kept_.size();
        bool blocked = false;
        while (used_ < space.size() && !decoder_->ended() && !blocked) {
            const auto read = decoder_->read(space.subspan(used_));
            if (!read) {
                problem_ = read.error();
                break;
            }
            used_ += *read;
            blocked = *read == 0 && !decoder_->ended();
        }
        if (blocked && used_ == kept_.size()) {
            return outcome::would_block;
        }
        if (used_ == 0) {
            return outcome::ended;
        }
        kept_.clear();
        return outcome::filled;
    }

    /// The whole lines of what was read; the line behind them is kept for the next time.
    extent take_lines(std::string_view text)
    {
        extent lines{0, text.size()};
        if (in_long_line_) {
            lines.begin = std::min(find_separator(text) + 1, text.size());
            in_long_line_ = find_separator(text) == text.size();
        }
        if (in_long_line_ || decoder_->ended()) {
            return lines;
        }
        lines.end = lines.begin + length_of_whole_lines(text.substr(lines.begin));
        const std::string_view rest = text.substr(lines.end);
        if (rest.size() > max_line) {
            in_long_line_ = true;
            lines.end += max_line;
        } else {
            kept_ = rest;
        }
        return lines;
    }

    void scan(record_batch& batch, std::span<char> space, extent lines) const
    {
        scanner_.scan(batch, space.subspan(lines.begin, lines.end - lines.begin));
    }

    bool is_separator(char c) const noexcept { return c == '\n' || (nul_separated_ && c == '\0'); }

    std::size_t find_separator(std::string_view text) const noexcept
    {
        const auto* const found =
            std::find_if(text.begin(), text.end(), [this](char c) { return is_separator(c); });
        return static_cast<std::size_t>(found - text.begin());
    }

    std::size_t length_of_whole_lines(std::string_view text) const noexcept
    {
        std::size_t length = text.size();
        while (length > 0 && !is_separator(text[length - 1])) {
            --length;
        }
        return length;
    }

    unique_descriptor file_;
    std::string name_;
    log_format wanted_;
    log_scanner scanner_;
    bool stream_ = false;
    bool nul_separated_ = false;
    std::optional<std::uint64_t> size_;
    std::atomic<std::uint64_t> position_ = 0;

    std::mutex mutex_;
    std::uint64_t parts_ = 0;
    std::uint64_t begin_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t shrunk_by_ = 0;
    std::optional<failure> problem_;

    std::optional<log_decoder> decoder_;
    std::string kept_;
    std::size_t used_ = 0;
    std::uint64_t told_ = 0;
    bool in_long_line_ = false;
};

log_reader::log_reader(std::unique_ptr<implementation> self) noexcept
    : self_(std::move(self))
{
}

log_reader::log_reader(log_reader&&) noexcept = default;
log_reader& log_reader::operator=(log_reader&&) noexcept = default;
log_reader::~log_reader() = default;

result<log_reader, failure> log_reader::open(const std::string& path, log_format wanted)
{
    if (path == "-") {
        return adopt(open_standard_input(), std::string(standard_input), wanted);
    }
    // Not to wait for the writer of a FIFO here.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return adopt(descriptor, path, wanted);
}

result<log_reader, failure> log_reader::adopt(int descriptor, std::string name, log_format wanted)
{
    if (descriptor < 0) {
        return cannot_read(name, system_error());
    }
    auto self = std::make_unique<implementation>(unique_descriptor(descriptor), std::move(name), wanted);
    if (const auto begun = self->begin(); !begun) {
        return begun.error();
    }
    return log_reader(std::move(self));
}

bool log_reader::is_stream() const noexcept
{
    return self_->is_stream();
}

int log_reader::descriptor() const noexcept
{
    return self_->descriptor();
}

const std::string& log_reader::name() const noexcept
{
    return self_->name();
}

std::optional<std::uint64_t> log_reader::size() const noexcept
{
    return self_->size();
}

std::uint64_t log_reader::position() const noexcept
{
    return self_->position();
}

log_reader::outcome log_reader::fill(record_batch& batch)
{
    return self_->fill(batch);
}

const std::optional<failure>& log_reader::problem() const noexcept
{
    return self_->problem();
}

} // namespace sctrace::detail
