#ifndef SCTRACE_TEST_SKIP_HPP
#define SCTRACE_TEST_SKIP_HPP

#include <iostream>
#include <string_view>

namespace sctrace::test {

/// Says that this machine cannot run the case; CTest counts what prints this as skipped.
inline void skip(std::string_view reason)
{
    std::cout << "[skipped] " << reason << std::endl;
}

} // namespace sctrace::test

#endif
