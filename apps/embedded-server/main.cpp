// An HTTP server with recorders inside: the whole of sctrace's live side on one io_context.

#include "options.hpp"
#include "say.hpp"
#include "server.hpp"

#include <exception>
#include <string>
#include <vector>

#include <signal.h>

namespace {

/// Unlike an ignored signal a handled one is back at its default in commands that are run.
void survive_broken_pipes()
{
    ::signal(SIGPIPE, [](int) {});
}

/// The process that started the server may have ignored or blocked what it depends on.
void use_signals_as_usual()
{
    ::signal(SIGCHLD, SIG_DFL);
    ::sigset_t needed;
    ::sigemptyset(&needed);
    ::sigaddset(&needed, SIGINT);
    ::sigaddset(&needed, SIGTERM);
    ::pthread_sigmask(SIG_UNBLOCK, &needed, nullptr);
}

int run(const std::vector<std::string>& words)
{
    const auto options = embedded_server::parse_options(words);
    if (!options) {
        return 0;
    }
    use_signals_as_usual();
    survive_broken_pipes();
    return embedded_server::server(*options).run();
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run({argv + 1, argv + argc});
    } catch (const embedded_server::usage_error& e) {
        embedded_server::say(e.what() + std::string(" (see embedded-server --help)"));
        return 2;
    } catch (const std::exception& e) {
        embedded_server::say(e.what());
        return 1;
    }
}
