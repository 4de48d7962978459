#include "example.hpp"

#include <exception>
#include <iostream>
#include <sstream>
#include <streambuf>
#include <string>

namespace {

using sctrace::test::example;

/// Collects what is written to std::cout while it lives.
class captured_output {
public:
    captured_output()
        : before_(std::cout.rdbuf(text_.rdbuf()))
    {
    }
    captured_output(const captured_output&) = delete;
    captured_output& operator=(const captured_output&) = delete;
    ~captured_output() { std::cout.rdbuf(before_); }

    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::streambuf* before_;
};

std::string output_of(const example& e)
{
    const captured_output output;
    e.run();
    return output.text();
}

std::string expected_output(const example& e)
{
    std::string text;
    for (const std::string& line : e.expected_lines) {
        text += line + '\n';
    }
    return text;
}

/// An empty string where all is well.
std::string problem_of(const example& e, const std::string& output)
{
    if (output.empty()) {
        return "prints nothing";
    }
    if (!e.expected_lines.empty() && output != expected_output(e)) {
        return "should print:\n" + expected_output(e);
    }
    return {};
}

bool works(const example& e)
{
    std::cout << "===== " << e.name << std::endl;
    try {
        const std::string output = output_of(e);
        std::cout << output;
        const std::string problem = problem_of(e, output);
        if (problem.empty()) {
            return true;
        }
        std::cerr << e.name << ": " << problem << '\n';
    } catch (const std::exception& thrown) {
        std::cerr << e.name << ": " << thrown.what() << '\n';
    }
    return false;
}

} // namespace

/// Runs all examples of the docstrings; each must print what it says that it prints.
int main()
{
    bool all = true;
    for (const example& e : sctrace::test::examples) {
        all = works(e) && all;
    }
    std::cout << sctrace::test::examples.size() << " examples\n";
    return all ? 0 : 1;
}
