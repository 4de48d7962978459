#include "launch/profile_compiler.hpp"

#include "os/descriptor.hpp"
#include "os/os_error.hpp"
#include "profile/profile_permits.hpp"
#include "profile/unique_list.hpp"

#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
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

namespace {

using boost::system::result;
using conditions = std::vector<argument_condition>;

/// An architecture whose programs a kernel of another one may run as well.
struct sibling {
    std::string_view native;
    std::string_view other;
};

/// From the kernel's arch/*/Kconfig: COMPAT, IA32_EMULATION, X86_X32_ABI, MIPS32_O32, MIPS32_N32.
constexpr std::array siblings{
    sibling{"x86_64", "i386"},     sibling{"x86_64", "x32"},           sibling{"aarch64", "arm"},
    sibling{"ppc64", "ppc"},       sibling{"s390x", "s390"},           sibling{"riscv64", "riscv32"},
    sibling{"mips64", "mips"},     sibling{"mips64", "mips64n32"},     sibling{"mipsel64", "mipsel"},
    sibling{"parisc64", "parisc"}, sibling{"mipsel64", "mipsel64n32"}, sibling{"sparc64", "sparc"},
};

/// In the order of filter_action. They are libseccomp's SCMP_ACT_* as well.
constexpr std::array<std::uint32_t, 8> kernel_actions{
    SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
    SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW};

/// In the order of comparison.
constexpr std::array comparisons{SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                 SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};

std::uint32_t kernel_verdict(const filter_verdict& verdict)
{
    return kernel_actions.at(static_cast<std::size_t>(verdict.action)) |
           (has_value(verdict.action) ? verdict.value : 0U);
}

scmp_arg_cmp comparison_of(const argument_condition& condition)
{
    return {condition.index, comparisons.at(static_cast<std::size_t>(condition.op)), condition.value,
            condition.value_two};
}

std::string words_of(const filter_verdict& verdict)
{
    const std::string name(oci_name(verdict.action));
    return verdict.value == 0 ? name : name + " " + std::to_string(verdict.value);
}

/// libseccomp's number of an architecture: that of the kernel, also for x32.
std::uint32_t token_of(architecture arch)
{
    return arch.is_x32() ? std::uint32_t{SCMP_ARCH_X32} : arch.audit_arch();
}

failure not_possible(std::string message)
{
    return {error::filter_not_possible, std::move(message)};
}

failure refused(const std::string& what, int result)
{
    const std::string why = result == -EEXIST ? std::string("another rule for the same call contradicts it")
                                              : "libseccomp: " + system_error(-result).message();
    return not_possible(what + ": " + why);
}

failure system_failure(const std::string& what)
{
    const auto code = system_error();
    return {code, what + ": " + code.message()};
}

/// Where two conditions are about one argument, each is a rule of its own.
std::vector<conditions> alternatives(const conditions& all)
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

/// Calls that libseccomp does not know: it takes no number of another architecture that it has no name for,
/// so that these come before its program.
class unknown_calls {
public:
    unknown_calls(const std::vector<architecture>& architectures, std::uint32_t default_verdict)
        : architectures_(architectures)
        , default_verdict_(default_verdict)
    {
    }

    /// Adds the rule for a call on each architecture where libseccomp does not know it.
    void add(const std::string& name, std::uint32_t verdict, const conditions& tests)
    {
        for (const architecture arch : architectures_) {
            const auto number = syscall_number(arch, name);
            if (number && !is_known(arch, static_cast<int>(*number))) {
                rules_[arch.audit_arch()][static_cast<std::uint32_t>(*number)].push_back({verdict, tests});
            }
        }
    }

    filter_code followed_by(const filter_code& program) const
    {
        std::vector<std::uint32_t> audit_archs;
        for (const architecture arch : architectures_) {
            add_once(audit_archs, arch.audit_arch());
        }
        filter_code whole{load_arch()};
        for (const std::uint32_t audit_arch : audit_archs) {
            filter_code numbers = code_of(audit_arch);
            if (!numbers.empty()) {
                numbers.insert(numbers.begin(), load_number());
                append(whole, only_if(BPF_JEQ, audit_arch, numbers));
            }
        }
        append(whole, program);
        return whole;
    }

private:
    struct free_memory {
        void operator()(char* text) const noexcept { std::free(text); }
    };

    struct rule {
        std::uint32_t verdict = 0;
        conditions tests;
    };

    using rules_by_number = std::map<std::uint32_t, std::vector<rule>>;

    static bool is_known(architecture arch, int number)
    {
        const std::unique_ptr<char, free_memory> name(
            seccomp_syscall_resolve_num_arch(token_of(arch), number));
        return name != nullptr;
    }

    filter_code code_of(std::uint32_t audit_arch) const
    {
        filter_code code;
        // libseccomp takes all of them but -1 for calls of x32.
        if (audit_arch == AUDIT_ARCH_X86_64) {
            constexpr std::uint32_t first_negative = 0x80000000;
            append(code, only_if(BPF_JGE, first_negative, {answer(default_verdict_)}));
        }
        if (const auto numbers = rules_.find(audit_arch); numbers != rules_.end()) {
            for (const auto& [number, rules] : numbers->second) {
                append(code, only_if(BPF_JEQ, number, code_of(rules)));
            }
        }
        return code;
    }

    /// All rules for a number, after which the default verdict is left.
    filter_code code_of(const std::vector<rule>& rules) const
    {
        filter_code code;
        for (const rule& r : rules) {
            if (r.tests.empty()) {
                return {answer(r.verdict)};
            }
            filter_code tested{answer(r.verdict)};
            for (const argument_condition& condition : r.tests) {
                tested = only_if(condition, tested);
            }
            append(code, tested);
        }
        code.push_back(answer(default_verdict_));
        return code;
    }

    const std::vector<architecture>& architectures_;
    std::uint32_t default_verdict_;
    /// By AUDIT_ARCH_* number.
    std::map<std::uint32_t, rules_by_number> rules_;
};

class profile_compiler {
public:
    profile_compiler(const profile& p, architecture native)
        : profile_(p)
        , native_(native)
    {
    }

    result<compiled_profile, failure> compile()
    {
        using step = result<void, failure> (profile_compiler::*)();
        for (const step next : {&profile_compiler::choose_architectures, &profile_compiler::check_kernel,
                                &profile_compiler::open_context, &profile_compiler::add_architectures,
                                &profile_compiler::check_size, &profile_compiler::add_rules}) {
            if (const auto done = (this->*next)(); !done) {
                return done.error();
            }
        }
        const auto program = export_program();
        if (!program) {
            return program.error();
        }
        return compiled_profile{unknown_.followed_by(*program), flags()};
    }

private:
    struct release {
        void operator()(void* context) const noexcept { seccomp_release(context); }
    };

    result<void, failure> choose_architectures()
    {
        const auto listed = architectures_of(profile_, native_);
        std::copy_if(listed.begin(), listed.end(), std::back_inserter(architectures_),
                     [this](architecture arch) { return runs_on(native_, arch); });
        if (std::find(listed.begin(), listed.end(), native_) != listed.end()) {
            return {};
        }
        return not_possible("the profile is for " + names_of(profile_.architectures) +
                            ", and this machine is " + native_.display_name() +
                            "; add its architecture to the profile");
    }

    result<void, failure> check_kernel()
    {
        std::vector<filter_action> actions{profile_.default_verdict.action};
        for (const profile_rule& rule : profile_.rules) {
            actions.push_back(rule.verdict.action);
        }
        for (const filter_action action : actions) {
            if (const auto known = check_action(action); !known) {
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

    static result<void, failure> check_action(filter_action action)
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

    result<void, failure> open_context()
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
        return {};
    }

    /// A new context is for the architecture of this program, which need not be listed.
    result<void, failure> add_architectures()
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
    result<void, failure> check_size()
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

    result<void, failure> add_rules()
    {
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

    result<void, failure> add_rule(const std::string& name, const filter_verdict& verdict,
                                   const conditions& tests)
    {
        unknown_.add(name, kernel_verdict(verdict), tests);
        const int number = seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) {
            return {};
        }
        std::vector<scmp_arg_cmp> arguments;
        std::transform(tests.begin(), tests.end(), std::back_inserter(arguments), comparison_of);
        const int result = seccomp_rule_add_array(context_.get(), kernel_verdict(verdict), number,
                                                  static_cast<unsigned>(arguments.size()), arguments.data());
        if (result != 0) {
            return refused("the rule for " + name + " cannot be added (" + words_of(verdict) + ")", result);
        }
        return {};
    }

    result<filter_code, failure> export_program() const
    {
        const unique_descriptor file(::memfd_create("filter", MFD_CLOEXEC));
        if (!file) {
            return system_failure("no memory file for the filter");
        }
        if (const int result = seccomp_export_bpf(context_.get(), file.get()); result != 0) {
            return refused("the filter cannot be compiled", result);
        }
        struct stat status {};
        if (::fstat(file.get(), &status) != 0) {
            return system_failure("the filter cannot be read");
        }
        filter_code program(static_cast<std::size_t>(status.st_size) / sizeof program.front());
        if (::pread(file.get(), program.data(), static_cast<std::size_t>(status.st_size), 0) !=
            status.st_size) {
            return system_failure("the filter cannot be read");
        }
        return program;
    }

    const profile& profile_;
    architecture native_;
    std::vector<architecture> architectures_;
    std::unique_ptr<void, release> context_;
    unknown_calls unknown_{architectures_, kernel_verdict(profile_.default_verdict)};
};

} // namespace

result<compiled_profile, failure> compile_profile(const profile& p, architecture native)
{
    return profile_compiler(p, native).compile();
}

bool runs_on(architecture native, architecture other)
{
    return other == native || std::any_of(siblings.begin(), siblings.end(), [&](const sibling& s) {
               return s.native == native.name() && s.other == other.name();
           });
}

} // namespace sctrace::detail
