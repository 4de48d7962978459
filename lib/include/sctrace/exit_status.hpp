#ifndef SCTRACE_EXIT_STATUS_HPP
#define SCTRACE_EXIT_STATUS_HPP

namespace sctrace {

/// How a child ended.
/**
 * @par Example
 * @code
 * sctrace::exit_status status;
 * status.code = 9; // SIGKILL
 * status.signaled = true;
 * std::cout << status.shell_code() << '\n'; // 137
 * @endcode
 */
struct exit_status {
    /// Its exit code, or the signal's number when `signaled`.
    int code = 0;
    /// Whether a signal ended it.
    bool signaled = false;
    /// Whether somebody else reaped the child, so that its status is unknown; `code` is then 255.
    bool lost = false;

    /// As a shell reports it: the code, or 128 plus the signal.
    int shell_code() const noexcept { return signaled ? 128 + code : code; }
};

} // namespace sctrace

#endif
