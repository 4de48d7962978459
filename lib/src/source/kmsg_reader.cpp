#include "os/descriptor.hpp"
#include "os/kernel.hpp"
#include "os/os_error.hpp"
#include "os/process.hpp"

#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/kmsg_entry.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

using boost::system::error_code;

std::string advice_for(error_code code)
{
    switch (code.value()) {
    case EPERM:
        if (first_line_of("/proc/sys/kernel/printk_devkmsg") == "off") {
            return "kernel.printk_devkmsg is off; it can only be changed by the kernel parameter "
                   "printk.devkmsg=on (or ratelimit) at boot";
        }
        [[fallthrough]];
    case EACCES:
        return "run as root or with CAP_SYSLOG, or set sysctl kernel.dmesg_restrict=0 (now " +
               first_line_of("/proc/sys/kernel/dmesg_restrict").value_or("") + ")";
    case ENOENT:
        return "in a container, pass the device through (--device /dev/kmsg); else mknod /dev/kmsg c 1 11";
    case ENXIO:
    case ENODEV:
        return "the kernel has no such device";
    default:
        return {};
    }
}

error_code seek(int fd, kmsg_start start) noexcept
{
    int whence = SEEK_END;
    if (start == kmsg_start::beginning) {
        whence = SEEK_SET;
    } else if (start == kmsg_start::last_clear) {
        whence = SEEK_DATA;
    }
    return ::lseek(fd, 0, whence) < 0 ? system_error() : error_code{};
}

} // namespace

boost::system::result<kmsg_device, failure> open_kmsg(const std::string& path, kmsg_start start)
{
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0) {
        const error_code code = system_error();
        return cannot_read(path, code, advice_for(code));
    }
    if (S_ISLNK(status.st_mode)) {
        return cannot_read(path, error::source_is_symlink);
    }
    if (!S_ISCHR(status.st_mode) && !S_ISFIFO(status.st_mode)) {
        return cannot_read(path, error::source_not_a_device);
    }
    // O_NOFOLLOW and the second look: what was checked is what is opened.
    unique_descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW));
    if (!file) {
        const error_code code = system_error();
        return cannot_read(path, code, advice_for(code));
    }
    struct stat opened = {};
    if (::fstat(file.get(), &opened) != 0 || opened.st_dev != status.st_dev ||
        opened.st_ino != status.st_ino) {
        return cannot_read(path, error::source_not_a_device, "the path changed while it was opened");
    }
    const bool kernel = is_kernel_log(opened);
    if (kernel) {
        if (const error_code failed = seek(file.get(), start)) {
            return cannot_read(path, failed);
        }
    }
    return kmsg_device{file.release(), kernel, S_ISFIFO(opened.st_mode), start};
}

kmsg_device kmsg_reader::identify(int descriptor) noexcept
{
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0) {
        return {descriptor};
    }
    return {descriptor, is_kernel_log(status), S_ISFIFO(status.st_mode)};
}

kmsg_reader::kmsg_reader(bool stream, kmsg_start start)
    : stream_(stream)
    , from_end_(start == kmsg_start::end)
{
    staged_.reserve(record_batch::default_messages);
}

std::span<char> kmsg_reader::buffer(record_batch& batch) noexcept
{
    const std::span<char> space = batch.free_space();
    if (!stream_) {
        return space.first(std::min(space.size(), max_entry + 1));
    }
    const std::size_t kept = std::min(partial_.size(), space.size());
    std::copy_n(partial_.data(), kept, space.data());
    return space.subspan(kept, std::min(space.size() - kept, max_entry));
}

void kmsg_reader::accept(record_batch& batch, std::size_t bytes)
{
    seen_data_ = true;
    rejected_in_a_row_ = 0;
    if (stream_) {
        accept_stream(batch, bytes);
    } else {
        staged_.push_back(batch.free_space().first(bytes));
        batch.append_nothing(bytes);
    }
}

void kmsg_reader::settle(record_batch& batch)
{
    for (const std::span<char> entry : staged_) {
        accept_entry(batch, entry);
    }
    staged_.clear();
}

void kmsg_reader::accept_stream(record_batch& batch, std::size_t bytes)
{
    std::span<char> rest = batch.free_space().first(partial_.size() + bytes);
    partial_.clear();
    while (!rest.empty()) {
        const auto newline = std::find(rest.begin(), rest.end(), '\n');
        if (newline == rest.end()) {
            break;
        }
        const auto length = static_cast<std::size_t>(newline - rest.begin());
        const auto line = rest.first(length);
        rest = rest.subspan(length + 1);
        // A continuation line belongs to the entry before it and holds nothing that a record is made of.
        if (!std::exchange(skipping_line_, false) && !line.empty() && line.front() != ' ') {
            accept_entry(batch, line);
        }
        batch.append_nothing(length + 1);
    }
    if (rest.size() > max_entry && !skipping_line_) {
        ++batch.losses().malformed;
        skipping_line_ = true;
    }
    if (!skipping_line_) {
        partial_.assign(rest.begin(), rest.end());
    }
}

void kmsg_reader::finish(record_batch& batch)
{
    if (stream_ && !partial_.empty() && has_room(batch)) {
        const std::size_t length = partial_.size();
        std::copy_n(partial_.data(), length, batch.free_space().data());
        partial_.clear();
        accept_entry(batch, batch.free_space().first(length));
        batch.append_nothing(length);
    }
}

void kmsg_reader::accept_entry(record_batch& batch, std::span<char> bytes)
{
    const auto entry = parse_kmsg_entry({bytes.data(), bytes.size()});
    if (!entry) {
        ++batch.losses().malformed;
        return;
    }
    count_gap(batch, entry->sequence);
    if (!entry->from_kernel()) {
        return;
    }
    std::string_view text = entry->text;
    if (text.find('\\') != std::string_view::npos) {
        const auto offset = static_cast<std::size_t>(text.data() - bytes.data());
        text = unescape_kmsg(text, bytes.subspan(offset, text.size()));
    }
    batch.append(0, {0, text, entry->maybe_cut});
}

void kmsg_reader::overwritten(record_batch& batch)
{
    // Without an earlier entry to count from, all that is known is that there was one.
    settle(batch);
    if (!next_sequence_ && from_end_) {
        ++batch.losses().overwritten;
    }
}

void kmsg_reader::rejected(record_batch& batch)
{
    if (++rejected_in_a_row_ > 1) {
        return;
    }
    settle(batch);
    ++batch.losses().malformed;
    if (next_sequence_) {
        ++*next_sequence_;
    }
}

void kmsg_reader::count_gap(record_batch& batch, std::uint64_t sequence) noexcept
{
    if (next_sequence_ && sequence > *next_sequence_) {
        batch.losses().overwritten += sequence - *next_sequence_;
    }
    next_sequence_ = sequence + 1;
}

} // namespace sctrace::detail
