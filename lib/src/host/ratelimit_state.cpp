#include "host/ratelimit_state.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

/// A number as the kernel prints it, without the newline.
class number_text {
public:
    number_text() = default;
    explicit number_text(std::string_view text) noexcept
    {
        text = text.substr(0, text.find('\n'));
        size_ = std::min(text.size(), text_.size());
        std::copy_n(text.begin(), size_, text_.begin());
    }

    std::string_view view() const noexcept { return {text_.data(), size_}; }
    bool is_zero() const noexcept { return view() == "0"; }
    bool is_number() const noexcept
    {
        return size_ != 0 && size_ < 12 && view().find_first_not_of("-0123456789") == std::string_view::npos;
    }

private:
    std::array<char, 16> text_{};
    std::size_t size_ = 0;
};

/// The errno, or 0.
int read_number(int file, number_text& number) noexcept
{
    std::array<char, 32> buffer;
    ssize_t size = 0;
    do {
        size = ::syscall(SYS_pread64, file, buffer.data(), buffer.size(), 0L, 0L);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return errno;
    }
    number = number_text({buffer.data(), static_cast<std::size_t>(size)});
    return 0;
}

int write_number(int file, const number_text& number) noexcept
{
    std::array<char, 32> line{};
    const auto text = number.view();
    *std::copy(text.begin(), text.end(), line.begin()) = '\n';
    ssize_t size = 0;
    do {
        size = ::syscall(SYS_pwrite64, file, line.data(), text.size() + 1, 0L, 0L);
    } while (size < 0 && errno == EINTR);
    return size < 0 ? errno : 0;
}

int read_setting(const char* path, number_text& number) noexcept
{
    const int file = open_file(path, O_RDONLY);
    if (file < 0) {
        return errno;
    }
    const int error = read_number(file, number);
    ::syscall(SYS_close, file);
    return error;
}

int write_setting(const char* path, const number_text& number) noexcept
{
    const int file = open_file(path, O_WRONLY | O_TRUNC);
    if (file < 0) {
        return errno;
    }
    const int error = write_number(file, number);
    ::syscall(SYS_close, file);
    return error;
}

/// A refused exchange drops the shared lock: who asks as a member leaves by it.
bool is_last_member(int state) noexcept
{
    return ::syscall(SYS_flock, state, LOCK_EX | LOCK_NB) == 0;
}

} // namespace

int open_file(const char* path, int flags) noexcept
{
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

int set_record_lock(int state, int command, short type) noexcept
{
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    int outcome = 0;
    do {
        outcome = ::fcntl(state, command, &lock);
    } while (outcome != 0 && errno == EINTR);
    return outcome == 0 ? 0 : errno;
}

bool become_member(int state) noexcept
{
    return ::syscall(SYS_flock, state, LOCK_SH | LOCK_NB) == 0;
}

int lift_limit(int state, const char* sysctl) noexcept
{
    number_text current;
    if (const int error = read_setting(sysctl, current)) {
        return error;
    }
    number_text kept;
    if (const int error = read_number(state, kept)) {
        return error;
    }
    if (current.is_zero() && kept.is_number()) {
        return 0;
    }
    if (::syscall(SYS_ftruncate, state, 0L, 0L) != 0) {
        return errno;
    }
    if (const int error = write_number(state, current)) {
        return error;
    }
    return current.is_zero() ? 0 : write_setting(sysctl, number_text("0"));
}

void restore_if_last(int state, const char* sysctl, const char* state_path) noexcept
{
    if (!is_last_member(state)) {
        return;
    }
    number_text kept;
    number_text current;
    const bool known =
        read_number(state, kept) == 0 && kept.is_number() && read_setting(sysctl, current) == 0;
    if (known && current.is_zero() && !kept.is_zero() && write_setting(sysctl, kept) != 0) {
        return;
    }
    ::syscall(SYS_unlinkat, AT_FDCWD, state_path, 0);
}

} // namespace sctrace::detail
