#ifndef SCTRACE_TEST_ASYNC_CONTRACT_TRACKING_ALLOCATOR_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_TRACKING_ALLOCATOR_HPP

#include <atomic>
#include <cstddef>
#include <memory>

namespace sctrace::test {

/// What was allocated through a tracking_allocator, and how much of it has not been freed.
struct tracked_memory {
    std::atomic<std::size_t> allocations{0};
    std::atomic<std::size_t> bytes_in_use{0};
};

template <class T>
class tracking_allocator {
public:
    using value_type = T;

    explicit tracking_allocator(tracked_memory& memory) noexcept
        : memory_(&memory)
    {
    }
    template <class U>
    tracking_allocator(const tracking_allocator<U>& other) noexcept
        : memory_(other.memory_)
    {
    }

    T* allocate(std::size_t n)
    {
        ++memory_->allocations;
        memory_->bytes_in_use += n * sizeof(T);
        return std::allocator<T>().allocate(n);
    }

    void deallocate(T* p, std::size_t n)
    {
        memory_->bytes_in_use -= n * sizeof(T);
        std::allocator<T>().deallocate(p, n);
    }

    template <class U>
    friend bool operator==(const tracking_allocator& a, const tracking_allocator<U>& b) noexcept
    {
        return a.memory_ == b.memory_;
    }

private:
    template <class U>
    friend class tracking_allocator;

    tracked_memory* memory_;
};

} // namespace sctrace::test

#endif
