#ifndef SCTRACE_SRC_RUN_OUTCOME_HPP
#define SCTRACE_SRC_RUN_OUTCOME_HPP

#include <sctrace/report.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <new>
#include <string>
#include <utility>

namespace sctrace::detail {

/// How a run ended; its result may have a `failure_message`.
template <class Result>
struct basic_run_outcome {
    boost::system::error_code code;
    Result result;
};

/// How a run from source to report ended.
using run_outcome = basic_run_outcome<report>;

/// Puts the words into the result, if it has room for them.
template <class Outcome>
void explain(Outcome& outcome, std::string words)
{
    if constexpr (requires { outcome.result.failure_message; }) {
        outcome.result.failure_message = std::move(words);
    }
}

/// Maps an exception that ended a run to an outcome; one that is no system error is thrown on.
template <class Outcome = run_outcome>
Outcome outcome_of(std::exception_ptr thrown)
{
    Outcome outcome;
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        outcome.code = e.code();
        explain(outcome, e.what());
    } catch (const std::bad_alloc&) {
        outcome.code = make_error_code(boost::system::errc::not_enough_memory);
        explain(outcome, "out of memory");
    }
    return outcome;
}

/// The outcome of a run that ended before it began.
template <class Outcome = run_outcome>
Outcome refused(const failure& why)
{
    Outcome outcome;
    outcome.code = why.code;
    explain(outcome, why.message);
    return outcome;
}

} // namespace sctrace::detail

#endif
