#include "command_run.hpp"

#include <sctrace/error.hpp>

#include <algorithm>
#include <utility>

#include <signal.h>

namespace asio_sctrace {

using boost::system::error_code;

int status_of_failure(const error_code& why, int otherwise)
{
    if (why == sctrace::error::command_not_found) {
        return exit_code::command_not_found;
    }
    if (why == sctrace::error::command_not_executable) {
        return exit_code::command_not_executable;
    }
    return otherwise;
}

split_words split_at_command(const std::vector<std::string>& words)
{
    const auto split = std::find(words.begin(), words.end(), "--");
    split_words parts{{words.begin(), split}, std::nullopt};
    if (split != words.end()) {
        parts.command.emplace(split + 1, words.end());
    }
    return parts;
}

bool comes_from_terminal(int number) noexcept
{
    return number == SIGINT || number == SIGQUIT;
}

command_signals::command_signals(boost::asio::io_context& context, std::function<void(int)> on_signal)
    : set_(context)
    , on_signal_(std::move(on_signal))
{
    for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE}) {
        add_unless_ignored(number);
    }
    wait();
}

void command_signals::stop()
{
    stopped_ = true;
    error_code ignored;
    set_.cancel(ignored);
    set_.clear(ignored);
    ::signal(SIGPIPE, SIG_IGN);
}

void command_signals::add_unless_ignored(int number)
{
    struct sigaction now = {};
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) {
        set_.add(number);
    }
}

void command_signals::wait()
{
    set_.async_wait([this](error_code ec, int number) {
        // A signal that came together with the end has its handler queued already.
        if (ec || stopped_) {
            return;
        }
        if (number != SIGPIPE) {
            on_signal_(number);
        }
        wait();
    });
}

} // namespace asio_sctrace
