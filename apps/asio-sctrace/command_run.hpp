#ifndef ASIO_SCTRACE_COMMAND_RUN_HPP
#define ASIO_SCTRACE_COMMAND_RUN_HPP

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// Exit statuses of what runs a command, as those of a shell, env(1) and nohup(1).
namespace exit_code {
inline constexpr int failed_around_command = 125;
inline constexpr int command_not_executable = 126;
inline constexpr int command_not_found = 127;
} // namespace exit_code

/// The exit status for why a command could not be run; @p otherwise where it is not the command itself.
int status_of_failure(const boost::system::error_code& why, int otherwise);

/// The words of a command line before and after the first `--`.
struct split_words {
    std::vector<std::string> options;
    /// Empty without `--`.
    std::optional<std::vector<std::string>> command;
};

split_words split_at_command(const std::vector<std::string>& words);

/// Whether a terminal sends this signal also to the command, which is in the same process group.
bool comes_from_terminal(int number) noexcept;

/// INT, QUIT, TERM and HUP, taken from now on; one that was ignored before (nohup) stays ignored.
/** PIPE does nothing: a broken pipe shows as an error of the write. */
class command_signals {
public:
    /// @p on_signal is called by the context with the signal's number.
    command_signals(boost::asio::io_context& context, std::function<void(int)> on_signal);
    command_signals(const command_signals&) = delete;
    command_signals& operator=(const command_signals&) = delete;

    /// Gives the signals their default action back, so that nothing that is still to be written can hold the
    /// program; a broken pipe stays an error of the write.
    void stop();

private:
    void add_unless_ignored(int number);
    void wait();

    boost::asio::signal_set set_;
    std::function<void(int)> on_signal_;
    bool stopped_ = false;
};

} // namespace asio_sctrace

#endif
