#include "profile_command.hpp"

#include "call_files.hpp"
#include "profile_options.hpp"
#include "ready_bases.hpp"
#include "usage.hpp"

#include <sctrace/allow_list.hpp>
#include <sctrace/syscall_names.hpp>
#include <sctrace/syscall_variants.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include <seccomp.h>
#include <signal.h>

namespace asio_sctrace {

namespace {

using sctrace::architecture;
using sctrace::filter_action;
using sctrace::profile_format;
using sctrace::profile_rule;
using sctrace::trace;

/// A list in words for people; a long one is cut.
std::string listed(const std::set<std::string>& words)
{
    constexpr std::size_t most = 20;
    std::string text;
    std::size_t shown = 0;
    for (const std::string& word : words) {
        if (shown++ == most) {
            return text + " and " + std::to_string(words.size() - most) + " more";
        }
        text += text.empty() ? word : ", " + word;
    }
    return text;
}

std::string name_or_number(sctrace::syscall_key call)
{
    const auto name = sctrace::syscall_name(call.arch, call.number);
    return name ? *name : std::to_string(call.number);
}

std::set<std::string> calls_in(const trace& counts, architecture native)
{
    std::set<std::string> names;
    for (const trace::line& l : counts.sorted(native)) {
        names.insert(name_or_number(l.call));
    }
    return names;
}

/// What a profile says of the calls that it names, as far as an allow-list cannot say it.
struct base_names {
    std::set<std::string> refused;
    std::set<std::string> logged;
    /// Permitted here and refused there, depending on arguments.
    std::set<std::string> both;

    explicit base_names(const sctrace::profile& base)
    {
        std::set<std::string> permitted;
        for (const profile_rule& rule : base.rules) {
            std::set<std::string>& to = permits(rule.verdict.action) ? permitted : refused;
            to.insert(rule.names.begin(), rule.names.end());
            if (rule.verdict.action == filter_action::log) {
                logged.insert(rule.names.begin(), rule.names.end());
            }
        }
        std::set_intersection(refused.begin(), refused.end(), permitted.begin(), permitted.end(),
                              std::inserter(both, both.end()));
    }
};

/// Gathers an allow-list from files, and says what of them is not in it.
class collection {
public:
    explicit collection(const profile_options& options)
        : options_(options)
        , list_(options.reading.native)
    {
    }

    /// An empty list is not that of a program that calls nothing.
    void add_trace(const std::string& path)
    {
        const sctrace::saved_calls loaded = load_calls(path, options_.reading);
        const auto* const counts = std::get_if<trace>(&loaded.contents);
        if (counts != nullptr && counts->empty() && !options_.allow_empty) {
            throw std::runtime_error(display_name(path) +
                                     ": holds no call, as when a recording failed or saw nothing; give a "
                                     "trace with calls, or --allow-empty");
        }
        std::visit([&](const auto& contents) { add(contents, path); }, loaded.contents);
    }

    void add_file(const std::string& path)
    {
        const sctrace::saved_calls loaded = load_calls(path, options_.reading);
        std::visit([&](const auto& contents) { add(contents, path); }, loaded.contents);
    }

    void add_base(const std::string& word)
    {
        if (!word.starts_with('@')) {
            add_file(word);
            return;
        }
        const auto names = names_in(*find_ready_base(word.substr(1)));
        list_.add(std::span<const std::string>(names));
    }

    const sctrace::allow_list& list() const noexcept { return list_; }
    /// What traces and events count.
    const trace& counts() const noexcept { return counts_; }

private:
    void add(const trace& counts, const std::string&)
    {
        list_.add(counts);
        if (const auto merged = counts_.merge(counts); !merged) {
            throw std::runtime_error(merged.error().message);
        }
    }

    void add(const sctrace::call_names& calls, const std::string&)
    {
        list_.add(std::span<const std::string>(calls.names));
    }

    void add(const sctrace::counted_events& events, const std::string& path)
    {
        add(events.permitted, path);
        if (options_.include_denied) {
            add(events.denied, path);
        } else if (!events.denied.empty()) {
            note(path + ": left out " + std::to_string(events.denied.total()) +
                 " records of calls that were not let through (--include-denied allows these too): " +
                 listed(calls_in(events.denied, options_.reading.native)));
        }
    }

    void add(const sctrace::profile& base, const std::string& path)
    {
        if (permits(base.default_verdict.action)) {
            throw std::runtime_error(
                path + ": its default action " + std::string(oci_name(base.default_verdict.action)) +
                " lets through calls that it does not name, so that no allow-list can be made "
                "of it; give a profile that refuses by default");
        }
        check_architectures(base, path);
        const base_names names(base);
        if (!names.both.empty()) {
            throw std::runtime_error(path +
                                     ": permits some calls under conditions and refuses them under others, "
                                     "and an allow-list cannot keep both; take one of the two out: " +
                                     listed(names.both));
        }
        list_.add(base);
        if (!names.refused.empty()) {
            note(path +
                 ": left out its rules that refuse calls; the default action stands in for them, unless "
                 "something else allows the call: " +
                 listed(names.refused));
        }
        if (!names.logged.empty()) {
            note(path + ": calls that it lets through and logs are allowed without a record: " +
                 listed(names.logged));
        }
        if (!base.flags.empty()) {
            note(path + ": left out its flags");
        }
    }

    /// Names are allowed on the architectures of the traces, not on those of a base.
    void check_architectures(const sctrace::profile& base, const std::string& path) const
    {
        const architecture native = options_.reading.native;
        std::set<std::string> others;
        bool has_native = base.architectures.empty();
        for (const architecture arch : base.architectures) {
            has_native = has_native || arch == native;
            if (arch != native) {
                others.insert(arch.display_name());
            }
        }
        if (!has_native) {
            throw std::runtime_error(path + ": is a profile for " + listed(others) + ", not for " +
                                     native.display_name() + "; name the architecture with --native");
        }
        if (!others.empty()) {
            note(path +
                 ": of its architectures, these are in the profile only if a trace has calls of them: " +
                 listed(others));
        }
    }

    void note(const std::string& text) const
    {
        if (!options_.quiet) {
            say("note: " + text);
        }
    }

    const profile_options& options_;
    sctrace::allow_list list_;
    trace counts_;
};

/// Says which numbers no profile can name; returns whether there are any.
bool report_unnamed(const sctrace::allow_list& list)
{
    for (const sctrace::syscall_key call : list.unnamed()) {
        say("call " + std::to_string(call.number) + " of " + call.arch.display_name() +
            " has no name, and a profile has names only");
    }
    return !list.unnamed().empty();
}

/// Whether there is something to write; says why if there is not.
bool is_writable(const sctrace::allow_list& list, const profile_options& options)
{
    if (report_unnamed(list) && !options.allow_unknown) {
        say("nothing is written; --allow-unknown leaves these calls out");
        return false;
    }
    if (list.empty() && !options.allow_empty) {
        say("nothing is written, as no call was seen and the profile would refuse everything; give a trace "
            "with "
            "calls, or --allow-empty");
        return false;
    }
    return true;
}

std::set<std::string> names_of(const sctrace::profile& p)
{
    std::set<std::string> names;
    for (const profile_rule& rule : p.rules) {
        names.insert(rule.names.begin(), rule.names.end());
    }
    return names;
}

void note_foreign_calls(const trace& counts, architecture native)
{
    std::map<std::string, std::set<std::string>> by_architecture;
    for (const trace::line& l : counts.sorted(native)) {
        if (l.call.arch != native) {
            by_architecture[l.call.arch.display_name()].insert(name_or_number(l.call));
        }
    }
    for (const auto& [arch, names] : by_architecture) {
        say("note: there are calls of " + arch +
            ", and a profile allows each name on all its architectures: " + listed(names));
    }
}

void note_unknown_names(const std::set<std::string>& names)
{
    std::set<std::string> unknown;
    std::copy_if(names.begin(), names.end(), std::inserter(unknown, unknown.end()),
                 [](const std::string& name) {
                     return ::seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR;
                 });
    if (!unknown.empty()) {
        say("note: this machine's libseccomp does not know these names, and what loads the profile with the "
            "same "
            "ignores or refuses them: " +
            listed(unknown));
    }
}

/// systemd allows execve by itself.
void note_missing_execve(const std::set<std::string>& names, profile_format format)
{
    if (format != profile_format::systemd && names.count("execve") == 0 && names.count("execveat") == 0) {
        say("note: execve is not in the profile: a runtime that installs it and then starts a program cannot "
            "start it");
    }
}

void show_notes(const sctrace::profile& p, const trace& counts, const profile_options& options)
{
    const std::set<std::string> names = names_of(p);
    note_foreign_calls(counts, options.reading.native);
    note_unknown_names(names);
    note_missing_execve(names, options.format);
}

void suggest_variants(const sctrace::profile& p, architecture native)
{
    const std::set<std::string> names = names_of(p);
    for (const sctrace::syscall_variant& variant :
         sctrace::variants_of(std::vector<std::string>(names.begin(), names.end()), native)) {
        say("suggestion: " + variant.name + " (the trace has " + variant.seen +
            "; another libc or kernel may use it instead)");
    }
}

/// A file, and what goes into it.
struct prepared_output {
    sctrace::trace_file file;
    std::string text;
};

/// Refuses what cannot be written before anything is read.
std::optional<sctrace::trace_file> prepare(const std::string& path)
{
    auto file = sctrace::trace_file::prepare_if_named(path);
    if (!file) {
        throw std::runtime_error(file.error().message);
    }
    return *std::move(file);
}

int write(const std::vector<prepared_output>& outputs)
{
    for (const prepared_output& output : outputs) {
        const auto written = output.file.write(output.text, sctrace::trace_file::durability::final);
        if (!written) {
            if (written.error().code != boost::system::errc::broken_pipe) {
                say(written.error().message);
            }
            return exit_code::failure;
        }
    }
    return exit_code::success;
}

std::string text_of(const sctrace::profile& p, const profile_options& options)
{
    auto text = sctrace::to_text(p, options.format, options.reading.native);
    if (!text) {
        throw std::runtime_error(text.error().message);
    }
    return *std::move(text);
}

int write_log_all(const profile_options& options)
{
    const auto file = prepare(options.output);
    return write({{*file, text_of(sctrace::log_all_profile(options.reading.native), options)}});
}

int write_allow_list(const profile_options& options)
{
    const auto profile_file = prepare(options.output);
    const auto frequency_file = prepare(options.frequencies);
    collection calls(options);
    for (const std::string& path : options.traces) {
        calls.add_trace(path);
    }
    for (const std::string& base : options.bases) {
        calls.add_base(base);
    }
    if (!is_writable(calls.list(), options)) {
        return exit_code::failure;
    }
    sctrace::profile p = calls.list().make(options.default_verdict);
    if (options.log_refusals) {
        p.flags.push_back(sctrace::filter_flag::log);
    }
    if (!options.quiet) {
        show_notes(p, calls.counts(), options);
    }
    if (options.suggest_variants) {
        suggest_variants(p, options.reading.native);
    }
    std::vector<prepared_output> outputs{{*profile_file, text_of(p, options)}};
    if (frequency_file) {
        outputs.push_back(
            {*frequency_file, sctrace::to_minijail_frequencies(calls.counts(), options.reading.native)});
    }
    return write(outputs);
}

} // namespace

int profile_command(const std::vector<std::string>& words)
{
    const auto options = parse_profile_options(words);
    if (!options) {
        return exit_code::success;
    }
    // A broken pipe is an error of the write.
    ::signal(SIGPIPE, SIG_IGN);
    return options->log_all ? write_log_all(*options) : write_allow_list(*options);
}

} // namespace asio_sctrace
