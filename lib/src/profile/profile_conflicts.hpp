#ifndef SCTRACE_SRC_PROFILE_PROFILE_CONFLICTS_HPP
#define SCTRACE_SRC_PROFILE_PROFILE_CONFLICTS_HPP

#include <sctrace/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sctrace::detail {

/// A name of a call in a profile's file, and what is said about it there.
struct placed_call {
    std::string name;
    /// Where it stands: `syscalls[2].names[0]`.
    std::string path;
    std::uint64_t line = 0;
    /// The index in `syscalls`.
    std::size_t group = 0;
};

/// Finds rules that contradict each other: it would depend on the runtime which of them holds.
/**
 * For one call, a rule without conditions contradicts any rule with another verdict, and so do two rules with
 * the same conditions.
 */
class profile_conflicts {
public:
    /// The number of a rule's conditions for add(): equal ones have the same, whatever their order.
    std::size_t number_of(const std::vector<argument_condition>& conditions);

    /// Adds a call of a rule; one that contradicts it ends the reading.
    void add(const placed_call& call, filter_verdict verdict, std::size_t conditions);

private:
    static constexpr std::size_t no_conditions = 0;
    static constexpr unsigned no_argument = 6;

    struct entry {
        filter_verdict verdict;
        std::size_t conditions = no_conditions;
        std::uint64_t line = 0;
        std::size_t group = 0;
    };

    struct known_call {
        /// By the number of their conditions, the first of each.
        std::map<std::size_t, entry> rules;
        /// The first rule, and the first whose verdict is another one.
        std::optional<entry> first;
        std::optional<entry> other;
    };

    static const entry* contradicting(const known_call& known, const entry& added);
    static void keep(known_call& known, const entry& added);
    static std::string_view scope_of(const entry& earlier, const entry& added) noexcept;

    std::map<std::vector<argument_condition>, std::size_t> numbers_;
    std::unordered_map<std::string, known_call> calls_;
};

/// An action's name, and its value where it has one: `SCMP_ACT_ERRNO (1)`.
std::string words_for(filter_verdict verdict);

} // namespace sctrace::detail

#endif
