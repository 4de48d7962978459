#ifndef SCTRACE_SRC_LAUNCH_FILTER_CODE_HPP
#define SCTRACE_SRC_LAUNCH_FILTER_CODE_HPP

#include <sctrace/profile.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <linux/filter.h>

namespace sctrace::detail {

/// Instructions of classic BPF. Whatever does not answer goes on behind the last one.
using filter_code = std::vector<seccomp_filter::instruction>;

seccomp_filter::instruction load_arch();
seccomp_filter::instruction load_number();
/// The word of an argument that the kernel looks at where it takes an int.
seccomp_filter::instruction load_low_word(std::size_t index);
/// The kernel's answer to a call: SECCOMP_RET_*.
seccomp_filter::instruction answer(std::uint32_t verdict);

void append(filter_code& to, const filter_code& more);

/// Runs @p then if the loaded word passes a test (BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET).
filter_code only_if(unsigned test, std::uint32_t operand, const filter_code& then);

/// Runs @p then if the condition on an argument holds.
filter_code only_if(const argument_condition& condition, const filter_code& then);

/// What to do with the calls from one number to the next piece's; always answers.
struct number_piece {
    std::uint32_t first = 0;
    filter_code code;
};

/// Finds the piece of the loaded number by halving; the first piece begins at 0.
filter_code choose_piece(std::span<const number_piece> pieces);

} // namespace sctrace::detail

#endif
