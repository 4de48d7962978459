#ifndef SCTRACE_TEST_PATHS_HPP
#define SCTRACE_TEST_PATHS_HPP

#include <string>

namespace sctrace::test {

// Where the tests find what they read and run. Only paths.cpp depends on where the sources and the build
// folder are, so that a compiler cache of another clone serves for all other sources.

/// A file below test/data of the sources.
std::string data_file(const std::string& name);

/// The program asio-sctrace.
const std::string& tool_path();

/// The program that makes system calls, test/kernel/generator.cpp.
const std::string& generator_path();

/// The program embedded-server.
const std::string& server_path();

} // namespace sctrace::test

#endif
