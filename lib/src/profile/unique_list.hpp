#ifndef SCTRACE_SRC_PROFILE_UNIQUE_LIST_HPP
#define SCTRACE_SRC_PROFILE_UNIQUE_LIST_HPP

#include <algorithm>
#include <vector>

namespace sctrace::detail {

template <class T>
void add_once(std::vector<T>& to, const T& value)
{
    if (std::find(to.begin(), to.end(), value) == to.end()) {
        to.push_back(value);
    }
}

template <class T>
void sort_and_deduplicate(std::vector<T>& list)
{
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

} // namespace sctrace::detail

#endif
