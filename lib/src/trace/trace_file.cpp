#include "os/descriptor.hpp"
#include "os/os_error.hpp"

#include <sctrace/trace_file.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sctrace {

namespace {

using boost::system::error_code;
using boost::system::result;
using detail::system_error;
using detail::unique_descriptor;

failure cannot_write(const std::string& path, error_code code, std::string_view advice = {})
{
    std::string message = "cannot write " + path + ": " + code.message();
    if (!advice.empty()) {
        message += "; ";
        message += advice;
    }
    return {code, std::move(message)};
}

std::optional<int> named_descriptor(std::string_view path) noexcept
{
    if (path == "-" || path == "/dev/stdout") {
        return STDOUT_FILENO;
    }
    if (path == "/dev/stderr") {
        return STDERR_FILENO;
    }
    constexpr std::string_view folder = "/dev/fd/";
    int number = -1;
    if (path.starts_with(folder)) {
        const auto digits = path.substr(folder.size());
        const auto end = digits.data() + digits.size();
        const auto parsed = std::from_chars(digits.data(), end, number);
        if (parsed.ec == std::errc{} && parsed.ptr == end) {
            return number;
        }
    }
    return std::nullopt;
}

std::string folder_of(const std::string& path)
{
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// A new file beside the target, removed unless it takes the target's place.
/**
 * Its name is random, because process ids repeat in containers that share a folder, and short, because the
 * target's may be as long as names can be.
 */
class temporary_file {
public:
    explicit temporary_file(const std::string& target)
    {
        constexpr int most_tries = 100;
        for (int i = 0; i < most_tries && !file_; ++i) {
            name_ = folder_of(target) + "/.sctrace-" + random_word();
            file_.reset(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
            error_ = file_ ? error_code{} : system_error();
            if (!file_ && errno != EEXIST) {
                break;
            }
        }
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file()
    {
        if (!name_.empty() && (file_ || closed_)) {
            ::unlink(name_.c_str());
        }
    }

    error_code error() const noexcept { return error_; }
    int get() const noexcept { return file_.get(); }

    /// Some file systems tell only here that they could not write.
    error_code close() noexcept
    {
        closed_ = true;
        return ::close(file_.release()) != 0 ? system_error() : error_code{};
    }

    error_code take_place_of(const std::string& target) noexcept
    {
        if (::rename(name_.c_str(), target.c_str()) != 0) {
            return system_error();
        }
        name_.clear();
        return {};
    }

private:
    static std::string random_word()
    {
        std::uint64_t bits = 0;
        if (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
            bits = static_cast<std::uint64_t>(::getpid());
        }
        std::array<char, 16> digits{};
        const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16);
        return {digits.data(), written.ptr};
    }

    std::string name_;
    unique_descriptor file_;
    error_code error_;
    bool closed_ = false;
};

error_code write_all(int fd, std::string_view contents) noexcept
{
    while (!contents.empty()) {
        const ssize_t n = ::write(fd, contents.data(), contents.size());
        if (n >= 0) {
            contents.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            pollfd writable{fd, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            return system_error();
        }
    }
    return {};
}

error_code sync_folder(const std::string& path) noexcept
{
    const unique_descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems cannot sync a folder and say EINVAL; the file itself is on the disk by then.
    if (folder && ::fsync(folder.get()) != 0 && errno != EINVAL) {
        return system_error();
    }
    return {};
}

/// Puts a temporary file in the place of @p path.
error_code replace(const std::string& path, temporary_file& temporary, bool sync)
{
    error_code failed;
    if (sync && ::fsync(temporary.get()) != 0) {
        failed = system_error();
    }
    if (!failed) {
        failed = temporary.close();
    }
    if (!failed) {
        failed = temporary.take_place_of(path);
    }
    if (!failed && sync) {
        failed = sync_folder(path);
    }
    return failed;
}

error_code probe_folder(const std::string& path)
{
    return temporary_file(path).error();
}

bool is_writable(int descriptor) noexcept
{
    const int flags = ::fcntl(descriptor, F_GETFL);
    return flags != -1 && (flags & O_ACCMODE) != O_RDONLY;
}

std::string_view advice_for(const error_code& code, const struct stat& status, bool exists) noexcept
{
    switch (code.value()) {
    case ENOENT:
        return "create its folder first";
    case EACCES:
    case EPERM:
        return "the folder must be writable, because the trace is replaced as a whole";
    case EROFS:
        return "the file system is read-only";
    case ENXIO:
        return exists && S_ISFIFO(status.st_mode) ? "nobody reads the FIFO" : "";
    case ENOSPC:
    case EDQUOT:
        return "the old contents, if any, are still there; make room and try again";
    default:
        return {};
    }
}

} // namespace

trace_file::trace_file(std::string path, kind what, int descriptor)
    : path_(std::move(path))
    , kind_(what)
    , descriptor_(descriptor)
{
}

result<trace_file, failure> trace_file::prepare(std::string path)
{
    if (const auto descriptor = named_descriptor(path)) {
        if (!is_writable(*descriptor)) {
            return cannot_write(path, system_error(EBADF), "no such descriptor is open for writing");
        }
        return trace_file(std::move(path), kind::descriptor, *descriptor);
    }
    struct stat status = {};
    const bool exists = ::lstat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) {
        const error_code failed = system_error();
        return cannot_write(path, failed, advice_for(failed, status, exists));
    }
    if (exists && S_ISLNK(status.st_mode)) {
        return cannot_write(path, error::output_is_symlink);
    }
    if (exists && S_ISDIR(status.st_mode)) {
        return cannot_write(path, error::output_is_directory);
    }
    if (exists && !S_ISREG(status.st_mode)) {
        return trace_file(std::move(path), kind::special, -1);
    }
    if (const error_code failed = probe_folder(path)) {
        return cannot_write(path, failed, advice_for(failed, status, exists));
    }
    return trace_file(std::move(path), kind::replaceable, -1);
}

result<std::optional<trace_file>, failure> trace_file::prepare_if_named(const std::string& path)
{
    if (path.empty()) {
        return std::optional<trace_file>();
    }
    auto file = prepare(path);
    if (!file) {
        return file.error();
    }
    return std::optional(std::move(*file));
}

/// Either a temporary file or a descriptor, of our own or the caller's.
struct trace_file::writer::implementation {
    explicit implementation(std::string to)
        : path(std::move(to))
    {
    }

    int descriptor() const noexcept
    {
        return temporary ? temporary->get() : special ? special.get() : callers;
    }

    failure failed(const error_code& code) const
    {
        struct stat status = {};
        const bool exists = ::lstat(path.c_str(), &status) == 0;
        const bool has_old_contents = temporary.has_value();
        const bool is_full = code.value() == ENOSPC || code.value() == EDQUOT;
        return cannot_write(path, code, is_full && !has_old_contents ? "" : advice_for(code, status, exists));
    }

    std::string path;
    std::optional<temporary_file> temporary;
    unique_descriptor special;
    int callers = -1;
    error_code broken;
};

trace_file::writer::writer(std::unique_ptr<implementation> self) noexcept
    : self_(std::move(self))
{
}

trace_file::writer::writer(writer&&) noexcept = default;
trace_file::writer& trace_file::writer::operator=(writer&&) noexcept = default;
trace_file::writer::~writer() = default;

result<void, failure> trace_file::writer::append(std::string_view piece)
{
    if (!self_->broken) {
        self_->broken = write_all(self_->descriptor(), piece);
    }
    if (self_->broken) {
        return self_->failed(self_->broken);
    }
    return {};
}

result<void, failure> trace_file::writer::commit(durability how)
{
    if (self_->broken) {
        return self_->failed(self_->broken);
    }
    if (self_->temporary) {
        if (const error_code failed = replace(self_->path, *self_->temporary, how == durability::final)) {
            return self_->failed(failed);
        }
    }
    return {};
}

result<trace_file::writer, failure> trace_file::begin() const
{
    auto self = std::make_unique<writer::implementation>(path_);
    error_code failed;
    switch (kind_) {
    case kind::replaceable:
        failed = self->temporary.emplace(path_).error();
        break;
    case kind::special:
        // Opening a FIFO without a reader must not block the caller for ever.
        self->special.reset(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        failed = self->special ? error_code{} : system_error();
        break;
    case kind::descriptor:
        self->callers = descriptor_;
        break;
    }
    if (failed) {
        return self->failed(failed);
    }
    return writer(std::move(self));
}

result<void, failure> trace_file::write(std::string_view contents, durability how) const
{
    if (kind_ != kind::replaceable && how != durability::final) {
        return {};
    }
    auto begun = begin();
    if (!begun) {
        return begun.error();
    }
    if (const auto added = begun->append(contents); !added) {
        return added;
    }
    return begun->commit(how);
}

result<void, failure> trace_file::create_if_absent() const
{
    if (kind_ != kind::replaceable) {
        return {};
    }
    const unique_descriptor file(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file && errno != EEXIST) {
        return cannot_write(path_, system_error());
    }
    return {};
}

} // namespace sctrace
