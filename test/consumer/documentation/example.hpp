#ifndef SCTRACE_TEST_CONSUMER_DOCUMENTATION_EXAMPLE_HPP
#define SCTRACE_TEST_CONSUMER_DOCUMENTATION_EXAMPLE_HPP

#include <string>
#include <string_view>
#include <vector>

namespace sctrace::test {

/// An example of a docstring.
struct example {
    /// Header and line.
    std::string_view name;
    void (*run)();
    /// What it says that it prints; empty where that depends on the host.
    std::vector<std::string> expected_lines;
};

/// All examples of the public headers; cmake/extract_examples.awk makes them.
extern const std::vector<example> examples;

} // namespace sctrace::test

#endif
