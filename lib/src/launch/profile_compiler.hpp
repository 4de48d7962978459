#ifndef SCTRACE_SRC_PROFILE_COMPILER_HPP
#define SCTRACE_SRC_PROFILE_COMPILER_HPP

#include "launch/filter_code.hpp"
#include "launch/sibling_architectures.hpp"
#include "os/system_error.hpp"
#include "os/unique_descriptor.hpp"
#include "profile/profile_permits.hpp"

#include <sctrace/error.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/syscall_names.hpp>

#include <boost/system/result.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

/// A profile as a program for seccomp(2).
struct compiled_profile {
    filter_code program;
    std::uint32_t flags = 0;
};

/// Has libseccomp compile a profile, and adds the calls that it does not know.
class profile_compiler {
public:
    using conditions = std::vector<argument_condition>;

    profile_compiler(const profile& p, architecture native)
        : profile_(p)
        , native_(native)
    {
    }

    boost::system::result<compiled_profile, failure> compile()
    {
        if (auto done = choose_architectures(); !done) {
            return done.error();
        }
        if (auto done = check_kernel(); !done) {
            return done.error();
        }
        if (auto done = open_context(); !done) {
            return done.error();
        }
        if (auto done = add_rules(); !done) {
            return done.error();
        }
        auto program = export_program();
        if (!program) {
            return program.error();
        }
        return compiled_profile{with_prelude(*program), flags()};
    }

private:
    struct release {
        void operator()(void* context) const noexcept { seccomp_release(context); }
    };
    struct free_memory {
        void operator()(char* text) const noexcept { std::free(text); }
    };

    /// A rule for a call that libseccomp does not know.
    struct number_rule {
        architecture arch;
        std::uint32_t number = 0;
        std::uint32_t verdict = 0;
        conditions tests;
    };

    static failure not_possible(std::string message)
    {
        return {error::filter_not_possible, std::move(message)};
    }

    static failure refused(const std::string& what, int result)
    {
        const std::string why = result == -EEXIST
                                    ? std::string("another rule for the same call contradicts it")
                                    : "libseccomp: " + system_error(-result).message();
        return not_possible(what + ": " + why);
    }

    boost::system::result<void, failure> choose_architectures()
    {
        const std::vector<architecture> only_native{native_};
        const auto& listed = profile_.architectures.empty() ? only_native : profile_.architectures;
        for (const architecture arch : listed) {
            if (runs_on(native_, arch) && !covers(arch)) {
                architectures_.push_back(arch);
            }
        }
        if (covers(native_)) {
            return {};
        }
        return not_possible("the profile is for " + names_of(listed) + ", and this machine is " +
                            native_.display_name() + "; add its architecture to the profile");
    }

    bool covers(architecture arch) const
    {
        return std::find(architectures_.begin(), architectures_.end(), arch) != architectures_.end();
    }

    static std::string names_of(const std::vector<architecture>& architectures)
    {
        std::string names;
        for (const architecture arch : architectures) {
            names += (names.empty() ? "" : ", ") + arch.display_name();
        }
        return names;
    }

    boost::system::result<void, failure> check_kernel() const
    {
        if (auto known = check_action(profile_.default_verdict.action); !known) {
            return known;
        }
        for (const profile_rule& rule : profile_.rules) {
            if (auto known = check_action(rule.verdict.action); !known) {
                return known;
            }
        }
        // Flags are looked at before the program, and the program before anything changes (kernel/seccomp.c:
        // seccomp_set_mode_filter()).
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, static_cast<unsigned long>(flags()), nullptr) !=
                0 &&
            errno == EINVAL) {
            return not_possible("the kernel does not know the profile's flags, or not "
                                "SECCOMP_FILTER_FLAG_LOG; they came with Linux 4.14 to 4.17");
        }
        return {};
    }

    static boost::system::result<void, failure> check_action(filter_action action)
    {
        if (action == filter_action::notify) {
            return not_possible("the profile asks for SCMP_ACT_NOTIFY, and nobody would answer; choose "
                                "another action");
        }
        const std::uint32_t wanted = kernel_verdict({action, 0});
        if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0L, &wanted) != 0) {
            return not_possible("the kernel does not know the action " + std::string(oci_name(action)) +
                                ": " + system_error().message());
        }
        return {};
    }

    std::uint32_t flags() const
    {
        const bool spec_allow = std::find(profile_.flags.begin(), profile_.flags.end(),
                                          filter_flag::spec_allow) != profile_.flags.end();
        return SECCOMP_FILTER_FLAG_LOG | (spec_allow ? SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0);
    }

    /// SECCOMP_RET_*, which are libseccomp's SCMP_ACT_* as well.
    static std::uint32_t kernel_verdict(const filter_verdict& verdict)
    {
        switch (verdict.action) {
        case filter_action::kill_process:
            return SECCOMP_RET_KILL_PROCESS;
        case filter_action::kill_thread:
            return SECCOMP_RET_KILL_THREAD;
        case filter_action::trap:
            return SECCOMP_RET_TRAP;
        case filter_action::errno_value:
            return SECCOMP_RET_ERRNO | verdict.value;
        case filter_action::notify:
            return SECCOMP_RET_USER_NOTIF;
        case filter_action::trace:
            return SECCOMP_RET_TRACE | verdict.value;
        case filter_action::log:
            return SECCOMP_RET_LOG;
        case filter_action::allow:
            break;
        }
        return SECCOMP_RET_ALLOW;
    }

    static std::string words_of(const filter_verdict& verdict)
    {
        const std::string name(oci_name(verdict.action));
        return verdict.value == 0 ? name : name + " " + std::to_string(verdict.value);
    }

    /// libseccomp's number of an architecture: that of the kernel, also for x32.
    static std::uint32_t token_of(architecture arch)
    {
        return arch.is_x32() ? std::uint32_t{SCMP_ARCH_X32} : arch.audit_arch();
    }

    boost::system::result<void, failure> open_context()
    {
        context_.reset(seccomp_init(kernel_verdict(profile_.default_verdict)));
        if (!context_) {
            return not_possible("libseccomp cannot begin a filter whose default action is " +
                                words_of(profile_.default_verdict));
        }
        // libseccomp's default ends one thread only. It refuses values that it does not know.
        if (profile_.default_verdict.action == filter_action::kill_process) {
            seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        }
        // A binary tree instead of a list; an older libseccomp has none, and goes on without.
        seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
        return add_architectures();
    }

    /// A new context is for the architecture of this program, which need not be listed.
    boost::system::result<void, failure> add_architectures()
    {
        seccomp_arch_remove(context_.get(), seccomp_arch_native());
        for (const architecture arch : architectures_) {
            if (const int result = seccomp_arch_add(context_.get(), token_of(arch)); result != 0) {
                return refused("no filter can be made for " + arch.display_name(), result);
            }
        }
        return {};
    }

    /// libseccomp takes long for what turns out to be too much.
    boost::system::result<void, failure> check_size() const
    {
        std::size_t conditional = 0;
        for (const profile_rule& rule : profile_.rules) {
            if (!rule.conditions.empty() && rule.verdict != profile_.default_verdict) {
                conditional += rule.names.size();
            }
        }
        if (conditional <= seccomp_filter::max_length) {
            return {};
        }
        return not_possible(
            "the profile has " + std::to_string(conditional) +
            " conditional permissions and refusals, each of which takes an instruction or more, and "
            "the kernel takes " +
            std::to_string(seccomp_filter::max_length) + " instructions; simplify it");
    }

    boost::system::result<void, failure> add_rules()
    {
        if (auto done = check_size(); !done) {
            return done;
        }
        for (const profile_rule& rule : profile_.rules) {
            if (rule.verdict == profile_.default_verdict) {
                continue;
            }
            for (const conditions& tests : alternatives(rule.conditions)) {
                for (const std::string& name : rule.names) {
                    if (auto added = add_rule(name, rule.verdict, tests); !added) {
                        return added;
                    }
                }
            }
        }
        return {};
    }

    /// Where two conditions are about one argument, each is a rule of its own.
    static std::vector<conditions> alternatives(const conditions& all)
    {
        if (!are_alternatives(all)) {
            return {all};
        }
        std::vector<conditions> each;
        for (const argument_condition& condition : all) {
            each.push_back({condition});
        }
        return each;
    }

    boost::system::result<void, failure> add_rule(const std::string& name, const filter_verdict& verdict,
                                                  const conditions& tests)
    {
        add_unknown(name, kernel_verdict(verdict), tests);
        const int number = seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) {
            return {};
        }
        std::vector<scmp_arg_cmp> comparisons;
        for (const argument_condition& condition : tests) {
            comparisons.push_back(comparison_of(condition));
        }
        const int result =
            seccomp_rule_add_array(context_.get(), kernel_verdict(verdict), number,
                                   static_cast<unsigned>(comparisons.size()), comparisons.data());
        if (result != 0) {
            return refused("the rule for " + name + " cannot be added (" + words_of(verdict) + ")", result);
        }
        return {};
    }

    static scmp_arg_cmp comparison_of(const argument_condition& condition)
    {
        return {condition.index, operator_of(condition.op), condition.value, condition.value_two};
    }

    static scmp_compare operator_of(comparison op)
    {
        switch (op) {
        case comparison::not_equal:
            return SCMP_CMP_NE;
        case comparison::less:
            return SCMP_CMP_LT;
        case comparison::less_or_equal:
            return SCMP_CMP_LE;
        case comparison::greater_or_equal:
            return SCMP_CMP_GE;
        case comparison::greater:
            return SCMP_CMP_GT;
        case comparison::masked_equal:
            return SCMP_CMP_MASKED_EQ;
        case comparison::equal:
            break;
        }
        return SCMP_CMP_EQ;
    }

    /// libseccomp takes no number of another architecture that it has no name for, so these come before its
    /// program.
    void add_unknown(const std::string& name, std::uint32_t verdict, const conditions& tests)
    {
        for (const architecture arch : architectures_) {
            const auto number = syscall_number(arch, name);
            if (number && !is_known(arch, static_cast<int>(*number))) {
                unknown_.push_back({arch, static_cast<std::uint32_t>(*number), verdict, tests});
            }
        }
    }

    static bool is_known(architecture arch, int number)
    {
        const std::unique_ptr<char, free_memory> name(
            seccomp_syscall_resolve_num_arch(token_of(arch), number));
        return name != nullptr;
    }

    boost::system::result<filter_code, failure> export_program() const
    {
        const unique_descriptor file(::memfd_create("filter", MFD_CLOEXEC));
        if (!file) {
            return failure{system_error(), "no memory file for the filter: " + system_error().message()};
        }
        if (const int result = seccomp_export_bpf(context_.get(), file.get()); result != 0) {
            return refused("the filter cannot be compiled", result);
        }
        return read_program(file.get());
    }

    static boost::system::result<filter_code, failure> read_program(int file)
    {
        struct stat status {};
        if (::fstat(file, &status) != 0) {
            return failure{system_error(), "the filter cannot be read: " + system_error().message()};
        }
        filter_code program(static_cast<std::size_t>(status.st_size) / sizeof program.front());
        const ssize_t size = ::pread(file, program.data(), static_cast<std::size_t>(status.st_size), 0);
        if (size != status.st_size) {
            return failure{system_error(), "the filter cannot be read: " + system_error().message()};
        }
        return program;
    }

    filter_code with_prelude(const filter_code& program) const
    {
        filter_code whole{load_arch()};
        for (const std::uint32_t audit_arch : audit_archs()) {
            filter_code numbers = unknown_numbers(audit_arch);
            if (!numbers.empty()) {
                numbers.insert(numbers.begin(), load_number());
                append(whole, only_if(BPF_JEQ, audit_arch, numbers));
            }
        }
        append(whole, program);
        return whole;
    }

    std::vector<std::uint32_t> audit_archs() const
    {
        std::vector<std::uint32_t> numbers;
        for (const architecture arch : architectures_) {
            if (std::find(numbers.begin(), numbers.end(), arch.audit_arch()) == numbers.end()) {
                numbers.push_back(arch.audit_arch());
            }
        }
        return numbers;
    }

    filter_code unknown_numbers(std::uint32_t audit_arch) const
    {
        filter_code code;
        // libseccomp takes all of them but -1 for calls of x32.
        if (audit_arch == AUDIT_ARCH_X86_64) {
            constexpr std::uint32_t first_negative = 0x80000000;
            append(code,
                   only_if(BPF_JGE, first_negative, {answer(kernel_verdict(profile_.default_verdict))}));
        }
        std::vector<std::uint32_t> done;
        for (const number_rule& rule : unknown_) {
            const bool is_new = std::find(done.begin(), done.end(), rule.number) == done.end();
            if (rule.arch.audit_arch() == audit_arch && is_new) {
                done.push_back(rule.number);
                append(code, only_if(BPF_JEQ, rule.number, code_of_unknown(audit_arch, rule.number)));
            }
        }
        return code;
    }

    /// All rules for a number, after which the default verdict is left.
    filter_code code_of_unknown(std::uint32_t audit_arch, std::uint32_t number) const
    {
        filter_code code;
        for (const number_rule& rule : unknown_) {
            if (rule.arch.audit_arch() != audit_arch || rule.number != number) {
                continue;
            }
            if (rule.tests.empty()) {
                return {answer(rule.verdict)};
            }
            append(code, code_of(rule));
        }
        code.push_back(answer(kernel_verdict(profile_.default_verdict)));
        return code;
    }

    static filter_code code_of(const number_rule& rule)
    {
        filter_code code{answer(rule.verdict)};
        for (const argument_condition& condition : rule.tests) {
            code = only_if(condition, code);
        }
        return code;
    }

    const profile& profile_;
    architecture native_;
    std::vector<architecture> architectures_;
    std::unique_ptr<void, release> context_;
    std::vector<number_rule> unknown_;
};

} // namespace sctrace::detail

#endif
