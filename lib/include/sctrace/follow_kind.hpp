#ifndef SCTRACE_FOLLOW_KIND_HPP
#define SCTRACE_FOLLOW_KIND_HPP

namespace sctrace {

/// How a recording finds the processes that belong to it besides the ones it was given.
enum class follow_kind {
    /// A command's descendants, by an audit session of their own that every record carries: exact, no
    /// look-ups.
    /** A descendant that changes its session is still followed by fork events, where these can be had. */
    session,
    /// Descendants, by fork events of the kernel's process connector; existing ones are found at the start.
    /** With CLONE_PARENT a descendant can make a child of its own ancestor. Children that an ancestor gets
     * under a filter while recording are therefore a doubt, among them the commands of other recorders in
     * this process. */
    tree,
    /// As `tree`, and every process in the pid namespaces of the given ones, whoever started it.
    container,
    /// No others.
    none,
};

} // namespace sctrace

#endif
