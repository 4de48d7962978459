#ifndef SCTRACE_EVENT_FOLDER_HPP
#define SCTRACE_EVENT_FOLDER_HPP

#include <sctrace/event.hpp>
#include <sctrace/seccomp_record.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sctrace {

/// Folds lines of events that repeat each other into one line with a count.
/**
 * Two events are the same if they differ in nothing but `time`, `serial` and `ip`. The first one's line comes
 * out at once. Those that repeat it are counted, and come out as the last one's line with their count: an
 * interval after the line before, when the folder is full, or at the end. A line without a count stands for
 * one event, so that the sum of all counts is the number of events.
 *
 * An event that has not been repeated for an interval is forgotten. At most `most_events` are kept; the one
 * whose line came out longest ago gives way to a new one.
 *
 * The caller says what time it is; it must not go back.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_seccomp_line("type=1326 audit(1.000:1): pid=7 syscall=110 code=0x0");
 * sctrace::event_folder folder(sctrace::event_folder::count_form::suffix);
 * std::string lines;
 * folder.add(*record, "7 getppid", std::chrono::steady_clock::now(), lines);
 * folder.add(*record, "7 getppid", std::chrono::steady_clock::now(), lines);
 * folder.add(*record, "7 getppid", std::chrono::steady_clock::now(), lines);
 * folder.finish(lines);
 * std::cout << lines;
 * // 7 getppid
 * // 7 getppid x2
 * @endcode
 */
class event_folder {
public:
    /// A moment of the clock that the caller reads.
    using time_point = std::chrono::steady_clock::time_point;
    /// A time between two moments.
    using duration = std::chrono::steady_clock::duration;

    /// How a line shows its count.
    enum class count_form {
        /// The line is a JSON object, and gets a last member `"count":N`.
        member,
        /// ` xN` after the line.
        suffix,
    };

    /// How often an event that is repeated all the time comes out.
    static constexpr std::chrono::seconds default_interval{1};
    /// How many different events are kept.
    static constexpr std::size_t default_most_events = 1024;

    /// @p most_events must not be 0.
    explicit event_folder(count_form form, duration interval = default_interval,
                          std::size_t most_events = default_most_events);

    /// Takes an event, and appends what comes out now to @p out, each line with a newline.
    /**
     * @param event The record.
     * @param line The event's own line, without a newline.
     * @param now The time, which does not go back.
     * @param out Where lines are appended.
     * @par Exception safety
     * Basic guarantee; throws std::bad_alloc, and the sum of the counts may then lack this event.
     */
    void add(const seccomp_record& event, std::string_view line, time_point now, std::string& out);

    /// Appends the lines that are due.
    void advance(time_point now, std::string& out);

    /// Appends all that is still held back; the folder is empty then.
    void finish(std::string& out);

    /// When advance() will have something to do; empty while it has not, however long nothing is added.
    std::optional<time_point> next_due() const noexcept;

private:
    struct entry {
        std::string key;
        std::string last;
        std::uint64_t held_back = 0;
        time_point shown;
    };
    // In the order in which lines came out, which is that in which the next ones are due.
    using entries = std::list<entry>;

    std::string key_of(const seccomp_record& event);
    void append_held_back(const entry& e, std::string& out) const;
    void show_again(time_point now, std::string& out);
    void forget_oldest(std::string& out);

    count_form form_;
    duration interval_;
    std::size_t most_events_;
    event_writer writer_;
    entries entries_;
    std::unordered_map<std::string_view, entries::iterator> known_;
};

} // namespace sctrace

#endif
