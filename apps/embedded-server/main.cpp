// An HTTP server with recorders inside: the whole of sctrace's live side on one io_context.

#include "options.hpp"
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

int run(const std::vector<std::string>& words)
{
    const auto options = embedded_server::parse_options(words);
    if (options) {
        survive_broken_pipes();
        embedded_server::server(*options).run();
    }
    return 0;
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
