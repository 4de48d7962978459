#include "launch/filter_code.hpp"
#include "launch/profile_compiler.hpp"

#include <sctrace/seccomp_filter.hpp>
#include <sctrace/syscall_names.hpp>

#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace sctrace {

namespace {

using boost::system::result;
using detail::answer;
using detail::append;
using detail::filter_code;
using detail::load_low_word;
using detail::number_piece;
using detail::only_if;

// Who is watched must not run otherwise than before.
constexpr std::uint32_t watching_flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;

/// What happens to the calls of one AUDIT_ARCH_* number that are not logged, by their numbers.
using silent_calls = std::map<std::uint32_t, filter_code>;

bool is_call(std::string_view name, const syscall_key& call)
{
    return syscall_number(call.arch, name) == call.number;
}

/// The kernel takes the option as an int (kernel/sys.c: prctl).
filter_code silent_prctl()
{
    filter_code code{load_low_word(0)};
    append(code, only_if(BPF_JEQ, PR_SET_SECCOMP, {answer(SECCOMP_RET_LOG)}));
    code.push_back(answer(SECCOMP_RET_ALLOW));
    return code;
}

/// SECCOMP_SET_MODE_STRICT is 0; the kernel takes the operation as an unsigned int (kernel/seccomp.c).
filter_code silent_seccomp()
{
    filter_code code{load_low_word(0)};
    append(code, only_if(BPF_JGT, SECCOMP_SET_MODE_FILTER, {answer(SECCOMP_RET_ALLOW)}));
    code.push_back(answer(SECCOMP_RET_LOG));
    return code;
}

filter_code code_of_silent(const syscall_key& call)
{
    if (is_call("prctl", call)) {
        return silent_prctl();
    }
    if (is_call("seccomp", call)) {
        return silent_seccomp();
    }
    return {answer(SECCOMP_RET_ALLOW)};
}

/// Whether the kernel may see this number as one of this architecture.
bool can_happen(const syscall_key& call, architecture native)
{
    return detail::runs_on(native, call.arch) && call.number >= 0 &&
           call.number <= std::numeric_limits<std::int32_t>::max() &&
           architecture::of_call(call.arch.audit_arch(), call.number) == call.arch;
}

std::map<std::uint32_t, silent_calls> sorted_by_architecture(std::span<const syscall_key> silent,
                                                             architecture native)
{
    std::map<std::uint32_t, silent_calls> sorted;
    for (const syscall_key& call : silent) {
        if (can_happen(call, native)) {
            const auto number = static_cast<std::uint32_t>(call.number);
            sorted[call.arch.audit_arch()].emplace(number, code_of_silent(call));
        }
    }
    return sorted;
}

bool is_allowed(const number_piece& piece)
{
    return piece.code.size() == 1 && piece.code.front().operand == SECCOMP_RET_ALLOW;
}

/// All numbers in pieces; neighbours that are simply allowed share one.
std::vector<number_piece> pieces_of(const silent_calls& calls)
{
    const filter_code logged{answer(SECCOMP_RET_LOG)};
    std::vector<number_piece> pieces{{0, logged}};
    for (const auto& [number, code] : calls) {
        if (pieces.back().first == number) {
            pieces.pop_back();
        }
        number_piece piece{number, code};
        if (pieces.empty() || !is_allowed(piece) || !is_allowed(pieces.back())) {
            pieces.push_back(std::move(piece));
        }
        pieces.push_back({number + 1, logged});
    }
    return pieces;
}

filter_code code_of_silent(const std::map<std::uint32_t, silent_calls>& sorted)
{
    filter_code code{detail::load_arch()};
    for (const auto& [audit_arch, calls] : sorted) {
        filter_code numbers{detail::load_number()};
        append(numbers, detail::choose_piece(pieces_of(calls)));
        append(code, only_if(BPF_JEQ, audit_arch, numbers));
    }
    code.push_back(answer(SECCOMP_RET_LOG));
    return code;
}

result<void, failure> check_length(const filter_code& program, std::string_view advice)
{
    if (program.size() <= seccomp_filter::max_length) {
        return {};
    }
    return failure{error::filter_not_possible, "the filter would have " + std::to_string(program.size()) +
                                                   " instructions, and the kernel takes " +
                                                   std::to_string(seccomp_filter::max_length) + "; " +
                                                   std::string(advice)};
}

/// What the kernel's interpreter of classic BPF keeps (kernel/bpf/core.c); only what our programs use.
class machine_state {
public:
    explicit machine_state(const seccomp_filter::call& c) noexcept
    {
        data_.nr = c.number;
        data_.arch = c.audit_arch;
        std::memcpy(data_.args, c.arguments.data(), sizeof data_.args);
    }

    std::uint32_t run(std::span<const seccomp_filter::instruction> program) noexcept
    {
        std::size_t at = 0;
        while (at < program.size() && program[at].code != (BPF_RET | BPF_K)) {
            at += step(program[at]) + 1;
        }
        return at < program.size() ? program[at].operand : std::uint32_t{SECCOMP_RET_KILL_PROCESS};
    }

private:
    /// The number of instructions to pass over.
    std::size_t step(const seccomp_filter::instruction& i) noexcept
    {
        if (i.code == (BPF_LD | BPF_W | BPF_ABS)) {
            load(i.operand);
        } else if (i.code == (BPF_ALU | BPF_AND | BPF_K)) {
            accumulator_ &= i.operand;
        } else if (i.code == (BPF_JMP | BPF_JA)) {
            return i.operand;
        } else {
            return passes(i) ? i.jump_true : i.jump_false;
        }
        return 0;
    }

    void load(std::size_t offset) noexcept
    {
        const void* const data = &data_;
        std::memcpy(&accumulator_, static_cast<const char*>(data) + offset, sizeof accumulator_);
    }

    bool passes(const seccomp_filter::instruction& i) const noexcept
    {
        switch (i.code) {
        case BPF_JMP | BPF_JEQ | BPF_K:
            return accumulator_ == i.operand;
        case BPF_JMP | BPF_JGT | BPF_K:
            return accumulator_ > i.operand;
        case BPF_JMP | BPF_JGE | BPF_K:
            return accumulator_ >= i.operand;
        default:
            return (accumulator_ & i.operand) != 0;
        }
    }

    seccomp_data data_{};
    std::uint32_t accumulator_ = 0;
};

} // namespace

seccomp_filter::seccomp_filter(std::vector<instruction> program, std::uint32_t flags) noexcept
    : program_(std::move(program))
    , flags_(flags)
{
}

seccomp_filter seccomp_filter::log_everything()
{
    return {{answer(SECCOMP_RET_LOG)}, watching_flags};
}

result<seccomp_filter, failure> seccomp_filter::log_all_but(std::span<const syscall_key> silent,
                                                            architecture native)
{
    // Not by libseccomp: it takes the numbers of this machine only, translates them by name for another
    // architecture, and adds the multiplexer that a call of i386 can also go through.
    filter_code program = code_of_silent(sorted_by_architecture(silent, native));
    if (const auto fits = check_length(program, "leave fewer system calls out of the log"); !fits) {
        return fits.error();
    }
    return seccomp_filter(std::move(program), watching_flags);
}

result<seccomp_filter, failure> seccomp_filter::from_profile(const profile& p, architecture native)
{
    auto compiled = detail::compile_profile(p, native);
    if (!compiled) {
        return compiled.error();
    }
    constexpr auto advice = "give the profile fewer rules with conditions, or fewer architectures";
    if (const auto fits = check_length(compiled->program, advice); !fits) {
        return fits.error();
    }
    return seccomp_filter(std::move(compiled->program), compiled->flags);
}

std::uint32_t seccomp_filter::verdict(const call& c) const noexcept
{
    return machine_state(c).run(program_);
}

} // namespace sctrace
