#include "usage.hpp"

#include <iostream>
#include <string>

namespace asio_sctrace {

void show_version()
{
    std::cout << "asio-sctrace " << SCTRACE_VERSION << '\n';
}

void say(std::string_view text)
{
    // One write, so that lines of several programs on one terminal do not mix.
    std::cerr << "asio-sctrace: " + std::string(text) + '\n' << std::flush;
}

} // namespace asio_sctrace
