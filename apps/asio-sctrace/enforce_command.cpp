#include "enforce_command.hpp"

#include "call_files.hpp"
#include "command_run.hpp"
#include "enforce_options.hpp"
#include "usage.hpp"

#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/saved_calls.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

#include <signal.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;
using boost::system::result;

/// Throws what is wrong with the file, for a person.
sctrace::profile load_profile(const enforce_options& options)
{
    sctrace::saved_calls_options how;
    how.how = options.how;
    sctrace::saved_calls loaded = load_calls(options.profile, how, options.quiet);
    if (auto* const profile = std::get_if<sctrace::profile>(&loaded.contents)) {
        return std::move(*profile);
    }
    throw std::runtime_error(
        options.profile +
        ": this is no profile, but a list of calls; `asio-sctrace profile` makes one of it");
}

/// Everything that can be wrong before anything has started; the command's own errors come first.
result<sctrace::launcher, sctrace::failure> prepare(const enforce_options& options)
{
    if (auto found = sctrace::launcher::prepare(options.launch); !found) {
        return found;
    }
    auto filter =
        sctrace::seccomp_filter::from_profile(load_profile(options), sctrace::architecture::native());
    if (!filter) {
        return sctrace::failure{filter.error().code, options.profile + ": " + filter.error().message};
    }
    sctrace::launch_options launch = options.launch;
    launch.filter = *std::move(filter);
    return sctrace::launcher::prepare(std::move(launch));
}

/// Passes signals on until the command has ended.
class watched_command {
public:
    explicit watched_command(sctrace::launcher& command)
        : command_(command)
        , signals_(context_, [this](int number) { pass_on(number); })
        , end_(context_)
    {
    }
    watched_command(const watched_command&) = delete;
    watched_command& operator=(const watched_command&) = delete;
    /// The launcher owns the descriptor.
    ~watched_command()
    {
        if (end_.is_open()) {
            end_.release();
        }
    }

    result<void, sctrace::failure> start()
    {
        auto started = command_.start();
        if (started) {
            end_.assign(command_.pidfd());
        }
        return started;
    }

    sctrace::exit_status wait()
    {
        wait_for_end();
        context_.run();
        return status_;
    }

private:
    void wait_for_end()
    {
        end_.async_wait(end_.wait_read, [this](error_code) {
            const auto status = command_.try_wait();
            if (!status) {
                return wait_for_end();
            }
            status_ = *status;
            signals_.stop();
        });
    }

    void pass_on(int number)
    {
        if (!comes_from_terminal(number)) {
            // The command may have ended just now, or have become another user.
            static_cast<void>(command_.signal(number));
        }
    }

    boost::asio::io_context context_;
    sctrace::launcher& command_;
    command_signals signals_;
    boost::asio::posix::stream_descriptor end_;
    sctrace::exit_status status_;
};

int fail(const sctrace::failure& why)
{
    say(why.message);
    return status_of_failure(why.code, exit_code::failed_around_command);
}

void show_end(const sctrace::exit_status& status)
{
    if (status.signaled && status.code == SIGSYS) {
        say("CMD was killed by the filter (SIGSYS); asio-sctrace watch --denied shows the call");
    }
}

int enforce(const enforce_options& options)
{
    // Children of a process that ignores SIGCHLD are reaped by the kernel, and their status is lost.
    ::signal(SIGCHLD, SIG_DFL);
    auto command = prepare(options);
    if (!command) {
        return fail(command.error());
    }
    watched_command watched(*command);
    if (const auto started = watched.start(); !started) {
        return fail(started.error());
    }
    if (command->no_new_privs() && !options.quiet) {
        say("no_new_privs is set for the command (no CAP_SYS_ADMIN): set-uid programs do not gain "
            "privileges");
    }
    const sctrace::exit_status status = watched.wait();
    if (!options.quiet) {
        show_end(status);
    }
    return status.shell_code();
}

} // namespace

int enforce_command(const std::vector<std::string>& words)
{
    const auto options = parse_enforce_options(words);
    if (!options) {
        return exit_code::success;
    }
    try {
        return enforce(*options);
    } catch (const std::exception& e) {
        say(e.what());
        return exit_code::failed_around_command;
    }
}

} // namespace asio_sctrace
