#ifndef SCTRACE_TEST_FUZZ_CHECK_HPP
#define SCTRACE_TEST_FUZZ_CHECK_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

namespace sctrace::test {

/// Ends the program, which libFuzzer reports together with the input.
inline void check(bool condition)
{
    if (!condition) {
        std::abort();
    }
}

/// Whether a view is empty or lies inside another one.
inline bool is_inside(std::string_view part, std::string_view whole)
{
    const std::less_equal<const char*> not_after;
    return part.empty() || (not_after(whole.data(), part.data()) &&
                            not_after(part.data() + part.size(), whole.data() + whole.size()));
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return {static_cast<const char*>(static_cast<const void*>(data)), size};
}

} // namespace sctrace::test

#endif
