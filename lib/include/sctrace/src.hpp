#ifndef SCTRACE_SRC_HPP
#define SCTRACE_SRC_HPP

/// Compiles the library's runtime, all of it that uses Asio, into the program that includes this.
/**
 * @file
 * To be included in exactly one source file of a program that defines other BOOST_ASIO macros than the
 * library was compiled with. The program links the CMake target `sctrace::src`, which brings the include
 * directory, besides `sctrace::sctrace`, from which it takes everything that does not use Asio.
 */

#include "recording/asio_configuration.cpp"
#include "recording/recorder.cpp"
#include "recording/replay_session.cpp"
#include "recording/replayer.cpp"
#include "recording/watcher.cpp"

#endif
