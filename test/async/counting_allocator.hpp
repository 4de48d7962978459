#ifndef SCTRACE_TEST_ASYNC_COUNTING_ALLOCATOR_HPP
#define SCTRACE_TEST_ASYNC_COUNTING_ALLOCATOR_HPP

#include <cstddef>
#include <memory>

namespace sctrace::test {

/// Counts what is allocated through it.
struct counting_allocator_state {
    std::size_t allocations = 0;
};

template <class T>
struct counting_allocator {
    using value_type = T;

    explicit counting_allocator(counting_allocator_state& s) noexcept
        : state(&s)
    {
    }
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept
        : state(other.state)
    {
    }
    T* allocate(std::size_t n)
    {
        ++state->allocations;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
    template <class U>
    friend bool operator==(const counting_allocator& a, const counting_allocator<U>& b) noexcept
    {
        return a.state == b.state;
    }

    counting_allocator_state* state;
};

} // namespace sctrace::test

#endif
