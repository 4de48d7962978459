#include "launch/filter_code.hpp"

#include <bit>
#include <limits>

#include <linux/seccomp.h>

namespace sctrace::detail {

namespace {

using instruction = seccomp_filter::instruction;

instruction instruction_of(unsigned code, std::size_t operand, std::size_t jump_true = 0,
                           std::size_t jump_false = 0)
{
    return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(jump_true),
            static_cast<std::uint8_t>(jump_false), static_cast<std::uint32_t>(operand)};
}

instruction load(std::size_t offset)
{
    return instruction_of(BPF_LD | BPF_W | BPF_ABS, offset);
}

instruction load_high_word(std::size_t index)
{
    constexpr std::size_t offset = std::endian::native == std::endian::little ? sizeof(std::uint32_t) : 0;
    return load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) + offset);
}

/// Jumps; the number of instructions is that which are passed over.
instruction jump(std::size_t distance)
{
    return instruction_of(BPF_JMP | BPF_JA, distance);
}

instruction jump_if(unsigned test, std::size_t operand, std::size_t jump_true, std::size_t jump_false)
{
    return instruction_of(BPF_JMP | test | BPF_K, operand, jump_true, jump_false);
}

std::uint32_t high_word(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value >> 32);
}

std::uint32_t low_word(std::uint64_t value)
{
    return static_cast<std::uint32_t>(value);
}

/// A test of an argument that ends behind its last instruction if it passes, and one further if it fails.
/** Bits outside the mask do not count, as libseccomp has it. */
filter_code test_masked_equal(unsigned index, std::uint64_t mask, std::uint64_t value)
{
    return {load_high_word(index),
            instruction_of(BPF_ALU | BPF_AND | BPF_K, high_word(mask)),
            jump_if(BPF_JEQ, high_word(value & mask), 0, 4),
            load_low_word(index),
            instruction_of(BPF_ALU | BPF_AND | BPF_K, low_word(mask)),
            jump_if(BPF_JEQ, low_word(value & mask), 0, 1)};
}

/// The same with BPF_JGT or BPF_JGE for the low word, if the high words are equal.
filter_code test_order(unsigned index, unsigned low_test, std::uint64_t value)
{
    return {load_high_word(index), jump_if(BPF_JGT, high_word(value), 3, 0),
            jump_if(BPF_JEQ, high_word(value), 0, 3), load_low_word(index),
            jump_if(low_test, low_word(value), 0, 1)};
}

filter_code test_of(const argument_condition& condition)
{
    switch (condition.op) {
    case comparison::less:
    case comparison::greater_or_equal:
        return test_order(condition.index, BPF_JGE, condition.value);
    case comparison::less_or_equal:
    case comparison::greater:
        return test_order(condition.index, BPF_JGT, condition.value);
    case comparison::masked_equal:
        return test_masked_equal(condition.index, condition.value, condition.value_two);
    default:
        return test_masked_equal(condition.index, std::numeric_limits<std::uint64_t>::max(), condition.value);
    }
}

/// Whether a condition holds when its test fails.
bool is_negated(comparison op)
{
    return op == comparison::not_equal || op == comparison::less || op == comparison::less_or_equal;
}

} // namespace

instruction load_arch()
{
    return load(offsetof(seccomp_data, arch));
}

instruction load_number()
{
    return load(offsetof(seccomp_data, nr));
}

instruction load_low_word(std::size_t index)
{
    constexpr std::size_t offset = std::endian::native == std::endian::little ? 0 : sizeof(std::uint32_t);
    return load(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) + offset);
}

instruction answer(std::uint32_t verdict)
{
    return instruction_of(BPF_RET | BPF_K, verdict);
}

void append(filter_code& to, const filter_code& more)
{
    to.insert(to.end(), more.begin(), more.end());
}

filter_code only_if(unsigned test, std::uint32_t operand, const filter_code& then)
{
    // A conditional jump reaches less far than the other.
    const bool is_near = then.size() <= std::numeric_limits<std::uint8_t>::max();
    filter_code code = is_near ? filter_code{jump_if(test, operand, 0, then.size())}
                               : filter_code{jump_if(test, operand, 1, 0), jump(then.size())};
    append(code, then);
    return code;
}

filter_code only_if(const argument_condition& condition, const filter_code& then)
{
    filter_code code = test_of(condition);
    if (is_negated(condition.op)) {
        append(code, {jump(then.size() + 1), jump(0)});
    } else {
        append(code, {jump(1), jump(then.size())});
    }
    append(code, then);
    return code;
}

filter_code choose_piece(std::span<const number_piece> pieces)
{
    if (pieces.size() == 1) {
        return pieces.front().code;
    }
    const auto middle = pieces.size() / 2;
    filter_code code = only_if(BPF_JGE, pieces[middle].first, choose_piece(pieces.subspan(middle)));
    append(code, choose_piece(pieces.first(middle)));
    return code;
}

} // namespace sctrace::detail
