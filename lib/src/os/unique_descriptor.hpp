#ifndef SCTRACE_SRC_UNIQUE_DESCRIPTOR_HPP
#define SCTRACE_SRC_UNIQUE_DESCRIPTOR_HPP

#include <utility>

#include <unistd.h>

namespace sctrace::detail {

/// A descriptor that is closed at the end of its scope.
class unique_descriptor {
public:
    unique_descriptor() = default;
    explicit unique_descriptor(int descriptor) noexcept
        : descriptor_(descriptor)
    {
    }
    unique_descriptor(unique_descriptor&& other) noexcept
        : descriptor_(other.release())
    {
    }
    unique_descriptor& operator=(unique_descriptor&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    unique_descriptor(const unique_descriptor&) = delete;
    unique_descriptor& operator=(const unique_descriptor&) = delete;
    ~unique_descriptor() { reset(); }

    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

    void reset(int descriptor = -1) noexcept
    {
        const int old = std::exchange(descriptor_, descriptor);
        if (old >= 0) {
            ::close(old);
        }
    }

private:
    int descriptor_ = -1;
};

} // namespace sctrace::detail

#endif
