#ifndef SCTRACE_DETAIL_ASIO_CONFIGURATION_HPP
#define SCTRACE_DETAIL_ASIO_CONFIGURATION_HPP

#include <boost/asio/detail/config.hpp>
#include <boost/version.hpp>

namespace sctrace::detail {

struct threads_enabled;
struct threads_disabled;
struct epoll;
struct io_uring;
struct another_reactor;
struct timerfd_and_eventfd;
struct no_timerfd_or_eventfd;
struct standard_executors;
struct ts_executors;
struct no_handler_tracking;
struct handler_tracking;
struct deprecated_functions;
struct no_deprecated_functions;
struct handler_hooks;
struct no_handler_hooks;

/// What decides how Asio's types are laid out and what its inline functions do.
/**
 * The compiled runtime and the program that it is linked into run the same io_context, so that they must
 * agree on it. BOOST_ASIO_NO_DEPRECATED is among it: inline functions of both kinds in one program crash
 * (Boost 1.81, detail/handler_invoke_helpers.hpp and its users).
 */
template <long BoostVersion, class Threads, class Reactor, class Descriptors, class Executors, class Tracking,
          class Deprecated, class Hooks>
struct asio_configuration {
    /// Defined by the library for the configuration that it was compiled with, and for no other.
    /**
     * "Undefined reference" to this function says that the program defines other BOOST_ASIO macros, or uses
     * another Boost, than the library was compiled with. Such a program compiles the runtime itself: see
     * sctrace/src.hpp.
     */
    static void differs_from_that_of_the_library_see_sctrace_src_hpp() noexcept;
};

// The conditions are Asio's own macros: what the headers made of the program's.
using this_asio_configuration = asio_configuration<BOOST_VERSION,
#if defined(BOOST_ASIO_HAS_THREADS) && !defined(BOOST_ASIO_DISABLE_THREADS)
                                                   threads_enabled,
#else
                                                   threads_disabled,
#endif
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
                                                   io_uring,
#elif defined(BOOST_ASIO_HAS_EPOLL)
                                                   epoll,
#else
                                                   another_reactor,
#endif
#if defined(BOOST_ASIO_HAS_TIMERFD) && defined(BOOST_ASIO_HAS_EVENTFD)
                                                   timerfd_and_eventfd,
#else
                                                   no_timerfd_or_eventfd,
#endif
#if defined(BOOST_ASIO_USE_TS_EXECUTOR_AS_DEFAULT)
                                                   ts_executors,
#else
                                                   standard_executors,
#endif
#if defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)
                                                   handler_tracking,
#else
                                                   no_handler_tracking,
#endif
#if defined(BOOST_ASIO_NO_DEPRECATED)
                                                   no_deprecated_functions,
#else
                                                   deprecated_functions,
#endif
#if defined(BOOST_ASIO_HAS_HANDLER_HOOKS)
                                                   handler_hooks
#else
                                                   no_handler_hooks
#endif
                                                   >;

template <>
void this_asio_configuration::differs_from_that_of_the_library_see_sctrace_src_hpp() noexcept;

/// Has the linker compare this program's configuration with the library's.
inline void require_the_librarys_asio() noexcept
{
    this_asio_configuration::differs_from_that_of_the_library_see_sctrace_src_hpp();
}

} // namespace sctrace::detail

#endif
