#ifndef SCTRACE_SRC_FILTER_CODE_HPP
#define SCTRACE_SRC_FILTER_CODE_HPP

#include <sctrace/profile.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace sctrace::detail {

/// Instructions of classic BPF. Whatever does not answer goes on behind the last one.
using filter_code = std::vector<seccomp_filter::instruction>;

inline seccomp_filter::instruction instruction_of(unsigned code, std::size_t operand,
                                                  std::size_t jump_true = 0, std::size_t jump_false = 0)
{
    return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(jump_true),
            static_cast<std::uint8_t>(jump_false), static_cast<std::uint32_t>(operand)};
}

inline seccomp_filter::instruction load(std::size_t offset)
{
    return instruction_of(BPF_LD | BPF_W | BPF_ABS, offset);
}

inline seccomp_filter::instruction load_arch()
{
    return load(offsetof(seccomp_data, arch));
}

inline seccomp_filter::instruction load_number()
{
    return load(offsetof(seccomp_data, nr));
}

/// The word of an argument that the kernel looks at where it takes an int.
inline seccomp_filter::instruction load_low_word(std::size_t index)
{
    constexpr std::size_t offset = std::endian::native == std::endian::little ? 0 : sizeof(std::uint32_t);
    return load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) + offset);
}

inline seccomp_filter::instruction load_high_word(std::size_t index)
{
    constexpr std::size_t offset = std::endian::native == std::endian::little ? sizeof(std::uint32_t) : 0;
    return load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) + offset);
}

/// Jumps; the number of instructions is that which are passed over.
inline seccomp_filter::instruction jump(std::size_t distance)
{
    return instruction_of(BPF_JMP | BPF_JA, distance);
}
inline seccomp_filter::instruction jump_if(unsigned test, std::size_t operand, std::size_t jump_true,
                                           std::size_t jump_false)
{
    return instruction_of(BPF_JMP | test | BPF_K, operand, jump_true, jump_false);
}

/// The kernel's answer to a call: SECCOMP_RET_*.
inline seccomp_filter::instruction answer(std::uint32_t verdict)
{
    return instruction_of(BPF_RET | BPF_K, verdict);
}

inline void append(filter_code& to, const filter_code& more)
{
    to.insert(to.end(), more.begin(), more.end());
}

/// Runs @p then if the loaded word passes a test (BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET).
inline filter_code only_if(unsigned test, std::uint32_t operand, const filter_code& then)
{
    // A conditional jump reaches less far than the other.
    const bool is_near = then.size() <= std::numeric_limits<std::uint8_t>::max();
    filter_code code;
    if (is_near) {
        code = {jump_if(test, operand, 0, then.size())};
    } else {
        code = {jump_if(test, operand, 1, 0), jump(then.size())};
    }
    append(code, then);
    return code;
}

/// What to do with the calls from one number to the next piece's; always answers.
struct number_piece {
    std::uint32_t first = 0;
    filter_code code;
};

/// Finds the piece of the loaded number by halving; the first piece begins at 0.
inline filter_code choose_piece(std::span<const number_piece> pieces)
{
    if (pieces.size() == 1) {
        return pieces.front().code;
    }
    const auto middle = pieces.size() / 2;
    filter_code code = only_if(BPF_JGE, pieces[middle].first, choose_piece(pieces.subspan(middle)));
    append(code, choose_piece(pieces.first(middle)));
    return code;
}

inline std::uint32_t high_word(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value >> 32);
}

inline std::uint32_t low_word(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value);
}

/// A test of an argument that ends behind its last instruction if it passes, and one further if it fails.
/** Bits outside the mask do not count, as libseccomp has it. */
inline filter_code test_masked_equal(unsigned index, std::uint64_t mask, std::uint64_t value)
{
    return {load_high_word(index),
            instruction_of(BPF_ALU | BPF_AND | BPF_K, high_word(mask)),
            jump_if(BPF_JEQ, high_word(value & mask), 0, 4),
            load_low_word(index),
            instruction_of(BPF_ALU | BPF_AND | BPF_K, low_word(mask)),
            jump_if(BPF_JEQ, low_word(value & mask), 0, 1)};
}

/// The same with BPF_JGT or BPF_JGE for the low word, if the high words are equal.
inline filter_code test_order(unsigned index, unsigned low_test, std::uint64_t value)
{
    return {load_high_word(index), jump_if(BPF_JGT, high_word(value), 3, 0),
            jump_if(BPF_JEQ, high_word(value), 0, 3), load_low_word(index),
            jump_if(low_test, low_word(value), 0, 1)};
}

struct argument_test {
    filter_code code;
    /// Whether the condition holds when the test fails.
    bool negated = false;
};

inline argument_test test_of(const argument_condition& condition)
{
    constexpr std::uint64_t all_bits = std::numeric_limits<std::uint64_t>::max();
    const unsigned index = condition.index;
    const std::uint64_t value = condition.value;
    switch (condition.op) {
    case comparison::not_equal:
        return {test_masked_equal(index, all_bits, value), true};
    case comparison::less:
        return {test_order(index, BPF_JGE, value), true};
    case comparison::less_or_equal:
        return {test_order(index, BPF_JGT, value), true};
    case comparison::greater_or_equal:
        return {test_order(index, BPF_JGE, value), false};
    case comparison::greater:
        return {test_order(index, BPF_JGT, value), false};
    case comparison::masked_equal:
        return {test_masked_equal(index, value, condition.value_two), false};
    case comparison::equal:
        break;
    }
    return {test_masked_equal(index, all_bits, value), false};
}

/// Runs @p then if the condition on an argument holds.
inline filter_code only_if(const argument_condition& condition, const filter_code& then)
{
    argument_test test = test_of(condition);
    filter_code code = std::move(test.code);
    if (test.negated) {
        append(code, {jump(then.size() + 1), jump(0)});
    } else {
        append(code, {jump(1), jump(then.size())});
    }
    append(code, then);
    return code;
}

} // namespace sctrace::detail

#endif
